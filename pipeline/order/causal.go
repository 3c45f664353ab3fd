package order

import (
	"cmp"
	"slices"

	"carillon/pipeline"
)

// causal is one meeting in mode causal. Nothing in it looks at more than one subject, but for the start and the end of the
// meeting: the cost of an event does not grow with what is held.
type causal[P any] struct {
	buffer   *Buffer[P]
	subjects map[subjectKey]*subject[P]
	// self is the subject that the meeting itself is.
	self *subject[P]
	// started is whether the start of the meeting has left; newest the event time of the last event that needs it.
	started bool
	newest  int64
	// authorizes is the place in the log of the first authorization of an attendee before joining first: where one was, all that
	// come behind it are, it seems.
	authorizes uint64
	// awaiting are the subjects that wait for the start.
	awaiting []*subject[P]
	// restored are events that Restore found waiting.
	restored []*held[P]
	// present counts attendees, moving the comings and goings that wait: the end of the meeting waits for both.
	present, moving int
	waiting         int
}

func newCausal[P any](b *Buffer[P]) *causal[P] {
	return &causal[P]{
		buffer: b, subjects: make(map[subjectKey]*subject[P]), self: newSubject[P](subjectKey{part: partMeeting}), newest: never,
		authorizes: nowhere,
	}
}

func (m *causal[P]) idle() bool { return m.waiting == 0 }

// push lets h leave if nothing that must come before it is missing, and else lets it wait.
func (m *causal[P]) push(h *held[P]) bool {
	r := rowOf(h.entry.Kind)
	h.rank = uint8(r)
	if r == rowNone {
		m.buffer.leave(h)
		return false
	}
	s := m.subject(&h.entry, r)
	waited := h.entry.Arrived != 0 // What it was when it came is known: not late.
	if at, late := m.missed(s, h); late && !waited {
		h.entry.IsLate, h.entry.Late = true, at-h.entry.Time
		m.note(s, h)
		m.buffer.leave(h)
		m.settle(s)
		return false
	}
	s.line.insert(h)
	m.count(s, h, 1)
	if h.again {
		s.told[r] = max(s.told[r], h.entry.Time)
	}
	m.settle(s)
	h.waited = !h.released
	switch {
	case !waited:
		m.restored = nil // Everything that is to be restored has been.
	case h.waited:
		m.restored = append(m.restored, h)
	}
	return h.waited
}

// count keeps the numbers of what waits.
func (m *causal[P]) count(s *subject[P], h *held[P], by int) {
	m.waiting += by
	if s.key.part == partAttendee && rowSet(presence).has(row(h.rank)) {
		m.moving += by
	}
}

// subject returns what an event is about.
func (m *causal[P]) subject(e *Entry[P], r row) *subject[P] {
	key := subjectKey{attendee: e.Attendee}
	switch {
	case r == rowMeetingStarted || r == rowMeetingEnded:
		return m.self
	case rowSet(transcription).has(r):
		key = subjectKey{part: partTranscription}
	case e.Role == pipeline.RoleContent && !rowSet(content).has(r):
		key.part = partContent
	}
	s, ok := m.subjects[key]
	if !ok {
		s = newSubject[P](key)
		m.subjects[key] = s
	}
	s.service = s.service || e.Role == pipeline.RoleService
	return s
}

// settle lets leave what may, of s and of what waits for the meeting itself.
func (m *causal[P]) settle(s *subject[P]) {
	m.advance(s)
	for m.started && len(m.awaiting) > 0 {
		begun := m.awaiting
		m.awaiting = nil
		slices.SortFunc(begun, func(a, b *subject[P]) int { return a.compare(b) })
		for _, s := range begun {
			s.awaiting = false
			m.advance(s)
		}
	}
	m.advance(m.self)
}

// compare sorts subjects by what waits of them.
func (s *subject[P]) compare(o *subject[P]) int {
	if s.line.len() == 0 || o.line.len() == 0 {
		return cmp.Compare(s.line.len(), o.line.len())
	}
	return byPosition(s.line.front(), o.line.front())
}

// advance lets leave what may of one subject.
func (m *causal[P]) advance(s *subject[P]) {
	for {
		h := m.ready(s)
		if h == nil {
			break
		}
		m.leave(s, h, 0)
	}
	if s.line.len() > 0 && !m.started && !s.begun && !s.awaiting {
		s.awaiting = true
		m.awaiting = append(m.awaiting, s)
	}
}

// ready returns an event of the first time that waits for nothing, nil when there is none.
func (m *causal[P]) ready(s *subject[P]) *held[P] {
	if s.line.len() == 0 {
		return nil
	}
	for _, h := range s.line.at(s.line.front().entry.Time) {
		if m.lacks(s, h) == 0 {
			return h
		}
	}
	return nil
}

// leave lets h leave in order.
func (m *causal[P]) leave(s *subject[P], h *held[P], gap ruleSet) {
	s.line.remove(h)
	m.count(s, h, -1)
	h.entry.Gap = gap.String()
	m.note(s, h)
	m.buffer.leave(h)
}

// note takes what an event that leaves, or that left before, says about its subject. An event in order confirms what it needs;
// a late one changes only what nothing newer has set.
func (m *causal[P]) note(s *subject[P], h *held[P]) {
	r := row(h.rank)
	t := stamp{at: h.entry.Time, row: r, late: h.entry.IsLate}
	if !t.late {
		gap := parseRules(h.entry.Gap)
		gap.each(func(r rule) { m.home(r, s).missed[r] = max(m.home(r, s).missed[r], t.at) })
		(gap | table[r].needs).each(func(r rule) {
			switch {
			case r == ruleStarted && gap.has(r) && rowSet(arrivals).has(row(h.rank)):
			case gap.has(r) || !doubtful.has(r):
				s.assume(r, t)
			}
		})
		s.left[r] = max(s.left[r], t.at)
		if r != rowMeetingStarted {
			m.newest = max(m.newest, t.at)
		}
	}
	m.started = m.started || r == rowMeetingStarted
	s.apply(r, t)
	if r == rowAuthorized && !t.late {
		s.authorize(t.at, h.raw)
	}
	m.recount(s)
}

// recount keeps the number of attendees that are present, and where the first was authorized before joining first.
func (m *causal[P]) recount(s *subject[P]) {
	if s.key.part != partAttendee {
		return
	}
	switch present := !s.service && s.presence.is == on; {
	case present && !s.present:
		m.present++
		s.present = true
	case !present && s.present:
		m.present--
		s.present = false
	}
	if usual := s.usual(); usual <= m.authorizes {
		m.authorizes = usual
	} else if s.authorizes == m.authorizes { // It has joined before, as is known now.
		m.authorizes = usual
		for _, o := range m.subjects {
			m.authorizes = min(m.authorizes, o.usual())
		}
	}
	s.authorizes = s.usual()
}
