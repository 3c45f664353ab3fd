package dedupe

import (
	"unsafe"
)

// nearby finds events of a meeting by their loose identity and about their time. It has a line for each entry of a memory.
type nearby struct {
	width  int64 // of a bucket, in milliseconds: the tolerance
	lines  []line
	latest map[bucket]uint32 // 1 + the index of the latest line
}

// line is what an event can be found by.
type line struct {
	loose  uint64 // 0: it cannot be found
	time   int64  // Unix milliseconds
	before uint32 // 1 + the index of the line before it in its bucket; 0: none
}

// bucket is a loose identity and a stretch of time as long as the tolerance: what is near lies in the same or next one.
type bucket struct {
	loose uint64
	span  int64
}

// bucketBytes is about what an entry of the map takes.
const bucketBytes = 48

// bytes returns what it takes.
func (n *nearby) bytes() int {
	if n == nil {
		return 0
	}
	return int(unsafe.Sizeof(*n)) + cap(n.lines)*int(unsafe.Sizeof(line{})) + bucketBytes*len(n.latest)
}

// set takes the line of the entry at index i: the next one, or one that is there.
func (n *nearby) set(i int, loose uint64, time int64) {
	for len(n.lines) <= i {
		n.lines = append(n.lines, line{})
	}
	if loose == 0 || n.lines[i].loose != 0 {
		return // it cannot be found, or an event of EVENTS was told twice.
	}
	if n.latest == nil {
		n.latest = make(map[bucket]uint32)
	}
	b := n.bucket(loose, time)
	n.lines[i] = line{loose: loose, time: time, before: n.latest[b]}
	n.latest[b] = uint32(i + 1) //nolint:gosec // a meeting has fewer than 2^32 events
}

func (n *nearby) bucket(loose uint64, time int64) bucket {
	span := time / n.width
	if time%n.width < 0 {
		span-- // rounded down, not towards zero.
	}
	return bucket{loose: loose, span: span}
}

// forget drops the first lines.
func (n *nearby) forget(dropped int) {
	if n == nil {
		return
	}
	rest := n.lines[min(dropped, len(n.lines)):]
	n.lines, n.latest = make([]line, 0, len(rest)), nil
	for i, l := range rest {
		n.set(i, l.loose, l.time)
	}
}

// around calls visit with the index and distance of each event that is as near as the tolerance.
func (n *nearby) around(loose uint64, time int64, visit func(i int, distance int64)) {
	if n == nil || loose == 0 {
		return
	}
	b := n.bucket(loose, time)
	for _, span := range [...]int64{b.span - 1, b.span, b.span + 1} {
		for at := n.latest[bucket{loose: loose, span: span}]; at != 0; at = n.lines[at-1].before {
			distance := max(n.lines[at-1].time-time, time-n.lines[at-1].time)
			if distance <= n.width {
				visit(int(at-1), distance)
			}
		}
	}
}
