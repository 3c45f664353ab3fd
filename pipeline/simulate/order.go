package simulate

import "math"

// review counts what is wrong with the order of one meeting into rep.
func (s *Score) review(rep *Report, meeting int) {
	outputs := s.delivered[meeting]
	r := newRelation(s, s.truth.Meetings[meeting])
	holds := newEarliest(len(r.ranked))
	newest := int64(math.MinInt64)
	for _, i := range outputs {
		e, st := &s.truth.Events[i], &s.sights[i]
		inverted := e.Time < newest
		if inverted {
			rep.Inversions++
		}
		if st.first.Late {
			rep.Late++
			rep.LateMaxMS = max(rep.LateMaxMS, st.first.LateMS)
			if !s.justified(r, holds, i) {
				rep.LateUnjustified++
			}
		}
		if st.overtook || !st.first.Late && (inverted || r.overtaken(i)) {
			rep.Misordered++
		}
		newest = max(newest, e.Time)
		holds.add(r.group[i-r.meeting.From], st.first.Received.Add(s.hold(st)).UnixNano())
	}
	rep.LifecycleViolations += s.lifecycle(r.meeting)
}

// overtaken says whether an event with the timestamp of i came out before it although i had to precede it.
func (r *relation) overtaken(i int) bool {
	from, to := r.members(r.group[i-r.meeting.From])
	for f := from; f < to; f++ {
		if r.pos(f) != undelivered && r.pos(f) < r.pos(i) && r.precedes(i, f) {
			return true
		}
	}
	return false
}

// lifecycle counts the delivered events that came out before one of their subject that the truth has before them, by the
// table of kinds.
func (s *Score) lifecycle(m Meeting) int {
	type step struct{ subject, kind string }
	last := map[step]int{}
	broken := 0
	for i := m.From; i < m.To; i++ {
		e := &s.truth.Events[i]
		for _, kind := range kinds[e.Kind].after {
			before, ok := last[step{e.subject(), kind}]
			if kind == meetingStarted {
				before, ok = m.From, i > m.From
			}
			if ok && s.sights[i].pos != undelivered && s.sights[before].pos > s.sights[i].pos {
				broken++
				break
			}
		}
		last[step{e.subject(), e.Kind}] = i
	}
	return broken
}

// earliest tells the earliest of some instants among the events of a group and of all groups after it. It is a Fenwick tree of
// minima over the groups in reverse.
type earliest []int64

func newEarliest(groups int) earliest {
	t := make(earliest, groups+1)
	for i := range t {
		t[i] = math.MaxInt64
	}
	return t
}

// add records an instant of an event of group, in Unix nanoseconds.
func (t earliest) add(group int, at int64) {
	for i := len(t) - 1 - group; i < len(t); i += i & -i {
		t[i] = min(t[i], at)
	}
}

// from returns the earliest instant of group and those after it; the largest number when there is none.
func (t earliest) from(group int) int64 {
	least := int64(math.MaxInt64)
	for i := len(t) - 1 - group; i > 0; i -= i & -i {
		least = min(least, t[i])
	}
	return least
}
