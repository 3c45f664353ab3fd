package postgres

import (
	"cmp"
	"slices"
	"time"
)

// The kinds of events that an attendance is made of.
const (
	kindJoined  = "chime:AttendeeJoined"
	kindLeft    = "chime:AttendeeLeft"
	kindDropped = "chime:AttendeeDropped"
)

// presence is an event that says that an attendee came or went.
type presence struct {
	id       string
	kind     string
	at       time.Time
	sequence int64
}

// session is one stay of an attendee. A zero time is not known.
type session struct {
	joined, left time.Time
	dropped      bool
}

// sessionsOf returns the sessions of one attendee in the order in which they happened. It depends on the events alone, not on
// their order in the slice or on how often each is there. For one departure Chime sends exactly one Left or Dropped, so each of
// them ends a session; it began with the first Joined after the departure before, and when there is none it is not known how.
// Another Joined while somebody is there is a hand-off and begins nothing. A session without a departure goes on.
func sessionsOf(events []presence) []session {
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b presence) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.sequence, b.sequence), cmp.Compare(a.id, b.id))
	})
	var out []session
	var now session
	last := ""
	for _, e := range events {
		if e.id == last {
			continue
		}
		last = e.id
		switch e.kind {
		case kindJoined:
			if now.joined.IsZero() {
				now.joined = e.at
			}
		case kindLeft, kindDropped:
			now.left, now.dropped = e.at, e.kind == kindDropped
			out = append(out, now)
			now = session{}
		}
	}
	if !now.joined.IsZero() {
		out = append(out, now)
	}
	return out
}
