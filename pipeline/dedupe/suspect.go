package dedupe

import "time"

const (
	// nearMatch is how far apart the times of the two halves of a split event may be, in milliseconds.
	nearMatch = 2000
	// maxSuspects is how many judged events that somebody missed are remembered.
	maxSuspects = 4096
	// maxLook is how many of one loose identity are looked at: more of them at one time come of no split.
	maxLook = 16
)

// suspect is a judged event that some source missed: one half of a split event, perhaps.
type suspect struct {
	key    suspectKey
	place  uint32 // in the memory
	time   uint32 // of the event, in milliseconds modulo 2^32
	at     uint32 // log time of its first copy
	paired bool   // its other half was found
	before uint64 // the number of the one before it with the same key
}

// suspectKey is a meeting and a loose identity in it.
type suspectKey struct {
	memory *Memory
	loose  uint32
}

// suspects finds pairs among the events that were missed. The zero value is empty.
type suspects struct {
	queue  fifo[suspect]
	latest map[suspectKey]uint64 // number: 1 + how many came before it.
}

func suspectOf(w watch) suspect {
	return suspect{key: suspectKey{memory: w.memory, loose: w.loose}, place: w.place, time: w.time, at: w.at}
}

// sources returns which sources have brought the event by now; none when it is forgotten.
func (x *suspect) sources() uint64 {
	if e := x.key.memory.at(x.place); e != nil {
		return e.sources
	}
	return 0
}

// meet reports whether x is the other half of one that is remembered: no source brought both, and one group should have.
// Neither of them takes part in another pair. Otherwise x is remembered.
func (s *suspects) meet(x suspect, sameGroup func(a, b uint64) bool) bool {
	if half := s.half(x, sameGroup); half != nil {
		half.paired = true
		return true
	}
	if s.latest == nil {
		s.latest = make(map[suspectKey]uint64)
	}
	x.before = s.latest[x.key]
	s.queue.push(x)
	s.latest[x.key] = s.queue.popped + uint64(s.queue.len()) //nolint:gosec // never negative
	for s.queue.len() > maxSuspects {
		s.pop()
	}
	return false
}

// half returns the remembered suspect that x makes a pair with, nil when there is none.
func (s *suspects) half(x suspect, sameGroup func(a, b uint64) bool) *suspect {
	number := s.latest[x.key]
	for range maxLook {
		if number <= s.queue.popped {
			return nil
		}
		y := s.queue.get(int(number - s.queue.popped - 1)) //nolint:gosec // less than maxSuspects
		if !y.paired && y.isHalf(&x, sameGroup) {
			return y
		}
		number = y.before
	}
	return nil
}

// isHalf reports whether two events may be one: they are near, no source brought both, and one group should have.
func (x *suspect) isHalf(y *suspect, sameGroup func(a, b uint64) bool) bool {
	apart, a, b := int32(x.time-y.time), x.sources(), y.sources() //nolint:gosec // modulo 2^32
	return apart >= -nearMatch && apart <= nearMatch && a&b == 0 && sameGroup(a, b)
}

// expire forgets those whose other half has been judged by now, if its first copy came within a grace of theirs.
func (s *suspects) expire(now uint32, grace time.Duration) {
	for s.queue.len() > 0 && int64(now-s.queue.get(0).at) > 2*grace.Milliseconds() {
		s.pop()
	}
}

func (s *suspects) pop() {
	x := s.queue.pop()
	if s.latest[x.key] == s.queue.popped {
		delete(s.latest, x.key)
	}
}
