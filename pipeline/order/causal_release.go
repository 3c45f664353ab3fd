package order

import "slices"

// release lets h leave, and before it all that must come before it: everything older of its subject, and for the end of the
// meeting every coming and going. What waits for something goes with a gap.
func (m *causal[P]) release(h *held[P]) {
	s := m.subject(&h.entry, row(h.rank))
	if row(h.rank) == rowMeetingEnded {
		for _, x := range m.movesBefore(h) {
			if !x.released {
				m.force(m.subject(&x.entry, row(x.rank)), x)
			}
		}
	}
	m.force(s, h)
	m.settle(s)
}

// force lets leave everything of a subject up to h.
func (m *causal[P]) force(s *subject[P], h *held[P]) {
	for !h.released {
		next := m.ready(s)
		if next == nil {
			next = m.first(s)
		}
		m.leave(s, next, m.lacks(s, next))
	}
	m.settle(s)
}

// first returns which event of the first time goes when none may: one that waits for more than the others are about to give. The
// drop of an attendee whose camera is on goes before the join that waits for it.
func (m *causal[P]) first(s *subject[P]) *held[P] {
	group := s.line.at(s.line.front().entry.Time)
	var given ruleSet
	for _, h := range group {
		given |= table[h.rank].gives
	}
	for _, h := range group {
		if m.lacks(s, h)&table[h.rank].needs&^given != 0 {
			return h
		}
	}
	return group[0]
}

// movesBefore returns the comings and goings that wait and happened before h, in order.
func (m *causal[P]) movesBefore(h *held[P]) []*held[P] {
	var moves []*held[P]
	for _, s := range m.subjects {
		for _, x := range s.line.waiting() {
			if s.key.part == partAttendee && rowSet(presence).has(row(x.rank)) && x.entry.Time < h.entry.Time {
				moves = append(moves, x)
			}
		}
	}
	slices.SortFunc(moves, byPosition[P])
	return moves
}

// restore notes that an event left before, as its entry says, and that so did everything that was restored before it.
func (m *causal[P]) restore(h *held[P]) {
	if !h.entry.IsLate {
		m.left()
	}
	r := rowOf(h.entry.Kind)
	if h.rank = uint8(r); r != rowNone {
		s := m.subject(&h.entry, r)
		m.note(s, h)
		m.settle(s) // What waited for it and left may be told of before it, when late events are kept apart.
	}
}

// left notes that what was taken to wait has left.
func (m *causal[P]) left() {
	for _, h := range m.restored {
		if !h.released {
			m.leave(m.subject(&h.entry, row(h.rank)), h, parseRules(h.gap))
		}
	}
	m.restored = nil
}
