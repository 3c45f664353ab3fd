package order

import (
	"bytes"
	"cmp"

	"carillon/pipeline/chime"
)

// position is the place of an event in the total order of its meeting. Smaller precedes.
type position struct {
	time int64
	// first is set for what the attendee's state allows before everything else of the same time.
	first bool
	rank  uint8
	id    chime.Identity
}

func (p position) compare(q position) int {
	if c := cmp.Compare(p.time, q.time); c != 0 {
		return c
	}
	if p.first != q.first {
		if p.first {
			return -1
		}
		return 1
	}
	if c := cmp.Compare(p.rank, q.rank); c != 0 {
		return c
	}
	return bytes.Compare(p.id[:], q.id[:])
}

// part is one thing of an attendee that is on or off: presence, camera, the content connection, content video.
type part struct {
	attendee  string
	dimension chime.Dimension
}

// state is the set of parts that are on.
type state map[part]struct{}

func (s state) apply(attendee string, t chime.Traits) {
	p := part{attendee, t.Dimension}
	switch t.Switch {
	case chime.SwitchOn:
		s[p] = struct{}{}
	case chime.SwitchOff:
		delete(s, p)
	case chime.SwitchNone:
	}
}

func (s state) isOn(p part) bool {
	_, ok := s[p]
	return ok
}
