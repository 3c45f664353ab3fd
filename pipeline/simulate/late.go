package simulate

import "time"

// ByLife makes Report judge late events for a router that holds an event only while something is missing that must come before
// it: a late one is justified if and only if something that the life of its subject has after it came out before, not late
// itself, and did not happen before it. No window comes into this.
func (s *Score) ByLife() { s.byLife = true }

// justified says whether i, which the router marked late, was. holds has the ends of the holds of what came out before.
func (s *Score) justified(r *relation, holds earliest, i int) bool {
	if s.byLife {
		return r.outlived(i)
	}
	// Something of the same or a later time had been held for its whole window when i arrived. Between equal timestamps the doubt
	// is in favour of the router.
	limit := r.arrival(i).Add(s.tolerance).UnixNano()
	return holds.from(r.group[i-r.meeting.From]) <= limit
}

// hold returns for how long the router held an event at most.
func (s *Score) hold(st *sight) time.Duration {
	if st.first.Window > 0 {
		return st.first.Window
	}
	return s.window
}

// arrival returns when the last event of the subject and timestamp of i reached the router. Only then was the place of i
// certain: a drop comes first of its millisecond once the join is there that follows it.
func (r *relation) arrival(i int) time.Time {
	at := r.score.sights[i].first.Received
	from, to := r.members(r.group[i-r.meeting.From])
	for f := from; f < to; f++ {
		received := r.score.sights[f].first.Received
		if r.pos(f) != undelivered && r.event(f).subject() == r.event(i).subject() && received.After(at) {
			at = received
		}
	}
	return at
}

// outlived says whether something that life has after i, and that did not happen before it, came out before it and in order.
func (r *relation) outlived(i int) bool {
	e := r.event(i)
	for _, f := range r.score.delivered[e.Meeting][:r.pos(i)] {
		x := r.event(f)
		if x.Time >= e.Time && !r.score.sights[f].first.Late && lifeFollows(x, e) {
			return true
		}
	}
	return false
}

// lifeFollows says whether an event of the kind and subject of x comes after one of e in every life.
func lifeFollows(x, e *Event) bool {
	switch {
	case e.Kind == meetingStarted:
		return true
	case x.Kind == meetingEnded:
		return kinds[e.Kind].dimension == presence
	case x.subject() != e.subject():
		return false
	}
	return comesBefore(e.Kind, x.Kind, map[string]bool{})
}

// alsoBefore is what life has before a kind beside what the table of kinds says, which has only what counts as a violation.
//
//nolint:gochecknoglobals // a constant table
var alsoBefore = map[string][]string{
	attendeeLeft:     {contentJoined},
	attendeeDropped:  {contentJoined},
	attendeeDeleted:  {capabilitiesUpdated, contentLeft, contentDropped},
	transcribing:     {transcribeStopped},
	transcribeBroken: {transcribeResumed},
}

// comesBefore says whether a kind comes before another of the same subject, with others between or not. Kinds that begin and
// end something come before each other: which of them did, their times say.
func comesBefore(kind, later string, seen map[string]bool) bool {
	if seen[later] {
		return false
	}
	seen[later] = true
	for _, list := range [][]string{kinds[later].after, alsoBefore[later]} {
		for _, k := range list {
			if k == kind || comesBefore(kind, k, seen) {
				return true
			}
		}
	}
	return false
}
