package order

// missed reports whether something that h must come before has left without it, and its event time. Within a millisecond
// that is so when somebody waited for h in vain, and when something behind it has left and it would wait for what cannot come
// any more. What ends may come: a departure comes first of its millisecond when the attendee comes back.
func (m *causal[P]) missed(s *subject[P], h *held[P]) (int64, bool) {
	r, at := row(h.rank), int64(never)
	equal := false
	for f, left := range s.left {
		if table[f].after.has(r) {
			at = max(at, left)
			if !h.again {
				at = max(at, s.told[f])
			}
			equal = equal || left == h.entry.Time && row(f) > r
		}
	}
	switch {
	case r == rowMeetingStarted:
		at = max(at, m.newest)
	case s.key.part == partAttendee && rowSet(presence).has(r):
		at = max(at, m.self.left[rowMeetingEnded])
	}
	vain := int64(never)
	table[r].gives.each(func(given rule) { vain = max(vain, m.home(given, s).missed[given]) })
	late := at > h.entry.Time || vain >= h.entry.Time || equal && m.hopeless(s, h)
	return max(at, vain), late
}

// home returns the subject that remembers when a rule was waited for in vain.
func (m *causal[P]) home(r rule, s *subject[P]) *subject[P] {
	if r == ruleStarted || r == ruleAllDeparted {
		return m.self
	}
	return s
}

// hopeless reports whether h waits for something that begins and that an event of its time has set otherwise: a camera goes on
// no more at the time of the departure. One that nothing as new has set may have gone on, and off, at that time.
func (m *causal[P]) hopeless(s *subject[P], h *held[P]) bool {
	hopeless := false
	(m.lacks(s, h) & table[h.rank].needs &^ closings).each(func(r rule) { hopeless = hopeless || s.setSince(r, h.entry.Time) })
	return hopeless
}

// lacks returns the rules that an event in its place waits for, with what they imply unless the time of the event knows better.
func (m *causal[P]) lacks(s *subject[P], h *held[P]) ruleSet {
	todo, lacks := table[h.rank].needs, ruleSet(0)
	for todo != 0 {
		next := ruleSet(0)
		(todo &^ lacks).each(func(r rule) {
			if !m.met(s, h, r) {
				lacks |= rulesOf(r)
				next |= s.unset(implied[r], h.entry.Time)
			}
		})
		todo = next
	}
	return lacks
}

func (m *causal[P]) met(s *subject[P], h *held[P], r rule) bool {
	switch r { //nolint:exhaustive // all others are about the subject.
	case ruleStarted:
		return m.started || s.begun
	case ruleAllDeparted:
		return m.present == 0 && m.moving == 0
	case ruleAuthorized:
		return m.authorizes >= h.raw || s.met(r)
	}
	return s.met(r) || m.outlived(s, h, r)
}

// outlived reports whether what h, a departure, waits for to end ended after it.
func (m *causal[P]) outlived(s *subject[P], h *held[P], r rule) bool {
	switch {
	case r == ruleCameraOff && row(h.rank) == rowDeparted:
		return s.endsBehind(rowVideoStopped, camera|presence, h.entry.Time)
	case r == ruleContentVideoOff && row(h.rank) == rowContentDeparted:
		return s.endsBehind(rowContentVideoStopped, content, h.entry.Time)
	}
	return false
}
