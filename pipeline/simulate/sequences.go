package simulate

// sequences checks the order of sequences per key. A new sequence must be above all before it. A redelivery, the same
// sequence and id again, may go back any distance, but from there on what comes must be a contiguous replay: after the
// sequence at one place of a lane only that place, an earlier one, or the next follows.
type sequences struct {
	known map[uint64]entry
	lanes map[string]*lane
}

// entry is what came first under a sequence.
type entry struct {
	key   string
	id    string
	event int
	place int // in its lane
}

// lane is the memory of one key.
type lane struct {
	highest uint64
	length  int // how many sequences came
	cursor  int // the place of the last output
}

func newSequences(n int) sequences {
	return sequences{known: make(map[uint64]entry, n), lanes: map[string]*lane{}}
}

// take records that o brought event. It reports whether o is a redelivery, and whether it is in its place.
func (s *sequences) take(o Output, event int) (redelivered, ordered bool) {
	l := s.lanes[o.Key]
	if l == nil {
		l = &lane{cursor: -1}
		s.lanes[o.Key] = l
	}
	was, known := s.known[o.Sequence]
	if known && was.key == o.Key && was.id == o.ID && was.event == event {
		ordered = was.place <= l.cursor+1
		l.cursor = was.place
		return true, ordered
	}
	if known { // a second id of the event, which is a duplicate, or a second event, which has no right to the sequence
		return false, was.event == event
	}
	ordered = (l.length == 0 || o.Sequence > l.highest) && l.cursor == l.length-1
	s.known[o.Sequence] = entry{key: o.Key, id: o.ID, event: event, place: l.length}
	l.highest = max(l.highest, o.Sequence)
	l.cursor = l.length
	l.length++
	return false, ordered
}
