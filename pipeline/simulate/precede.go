package simulate

import (
	"cmp"
	"math"
)

// unknowable is the base of an event before which the router cannot know the state of the subject.
const unknowable = math.MaxInt

// relation answers which of two delivered events of one meeting must come first. It is built for one meeting from what was
// delivered of it. Events are named by their index in the truth.
type relation struct {
	score   *Score
	meeting Meeting
	// base is, for each event of the meeting, the position after which the router knows the state that the event meets: that
	// of the last event before it in its dimension, -1 when there is none, or unknowable.
	base []int
	// group is, for each event of the meeting, the number of its timestamp, counted from 0; starts holds the first event
	// of each group and the end of the meeting.
	group  []int
	starts []int
	// ranked is, for each group, whether rank and identity decide between different subjects.
	ranked []bool
}

// switchboard names what an event switches.
type switchboard struct {
	subject   string
	dimension dimension
}

// lastSwitch is the last event of one switchboard so far.
type lastSwitch struct {
	event  int
	newest int // the highest position of any event so far
}

func newRelation(s *Score, m Meeting) *relation {
	r := &relation{score: s, meeting: m, base: make([]int, m.To-m.From), group: make([]int, m.To-m.From)}
	last := map[switchboard]lastSwitch{}
	for i := m.From; i < m.To; i++ {
		if i == m.From || r.event(i).Time != r.event(i-1).Time {
			r.starts = append(r.starts, i)
		}
		r.group[i-m.From] = len(r.starts) - 1
		r.base[i-m.From] = r.settle(last, i)
	}
	r.starts = append(r.starts, m.To)
	r.ranked = make([]bool, len(r.starts)-1)
	for g := range r.ranked {
		r.ranked[g] = r.isRanked(g)
	}
	return r
}

func (r *relation) event(i int) *Event { return &r.score.truth.Events[i] }

func (r *relation) pos(i int) int { return r.score.sights[i].pos }

func (r *relation) members(g int) (from, to int) { return r.starts[g], r.starts[g+1] }

// settle returns the base of event i and remembers i in last.
func (r *relation) settle(last map[switchboard]lastSwitch, i int) int {
	e := r.event(i)
	dim := kinds[e.Kind].dimension
	if dim == noDimension {
		return -1
	}
	at := switchboard{e.subject(), dim}
	before, ok := last[at]
	base, newest := -1, -1
	if ok {
		base, newest = unknowable, before.newest
		pos := r.pos(before.event)
		if pos != undelivered && pos == newest && !r.score.sights[before.event].first.Late {
			base = newest
		}
	}
	last[at] = lastSwitch{event: i, newest: max(newest, r.pos(i))}
	return base
}

// isRanked says whether rank and identity alone order group g: no two of its events switch the same, not even one that was
// lost, and the router knew the state that each of them meets.
func (r *relation) isRanked(g int) bool {
	from, to := r.members(g)
	if to-from < 2 {
		return true
	}
	seen := map[switchboard]bool{}
	first, base := math.MaxInt, -1
	for i := from; i < to; i++ {
		at := switchboard{r.event(i).subject(), kinds[r.event(i).Kind].dimension}
		if at.dimension != noDimension && seen[at] {
			return false
		}
		seen[at] = true
		if r.pos(i) != undelivered {
			first, base = min(first, r.pos(i)), max(base, r.base[i-r.meeting.From])
		}
	}
	return base < first
}

// precedes says whether a must come before b whatever else happened. Both are delivered.
func (r *relation) precedes(a, b int) bool {
	x, y := r.event(a), r.event(b)
	if x.Time != y.Time {
		return x.Time < y.Time
	}
	kx, ky := kinds[x.Kind], kinds[y.Kind]
	if kx.dimension != noDimension && kx.dimension == ky.dimension && x.subject() == y.subject() {
		return a < b && r.base[a-r.meeting.From] < min(r.pos(a), r.pos(b))
	}
	if !r.ranked[r.group[a-r.meeting.From]] {
		return false
	}
	idx, idy := r.score.sights[a].first.ID, r.score.sights[b].first.ID
	return cmp.Or(cmp.Compare(kx.rank, ky.rank), cmp.Compare(idx, idy)) < 0
}
