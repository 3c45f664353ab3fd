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
