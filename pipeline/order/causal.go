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
	// authorizes counts attendees that were authorized before joining first: where one was, all are, it seems.
	authorizes int
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
	waited := h.entry.Arrived != 0 // What it was when it came is known.
	h.authorized = m.authorizes > 0 && !waited || parseRules(h.gap).has(ruleAuthorized)
	if at, late := m.missed(s, h); late && !waited {
		h.entry.IsLate, h.entry.Late = true, at-h.entry.Time
	}
	if h.entry.IsLate && m.awaits(s, h) == 0 {
		m.note(s, h)
		m.buffer.leave(h)
		m.settle(s)
		return false
	}
	s.line.insert(h)
	m.count(s, h, 1)
	if h.again && !h.entry.IsLate {
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

// ready returns an event of the first time that waits for nothing, nil when there is none. Neighbours of one row wait for the
// same, but for what they were when they came, so that one of them is looked at.
func (m *causal[P]) ready(s *subject[P]) *held[P] {
	if s.line.len() == 0 {
		return nil
	}
	var last *held[P]
	for _, h := range s.line.at(s.line.front().entry.Time) {
		if last == nil || h.rank != last.rank || h.entry.IsLate != last.entry.IsLate || h.authorized != last.authorized {
			if m.awaits(s, h) == 0 {
				return h
			}
		}
		last = h
	}
	return nil
}

// leave lets h leave when it is its turn.
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
	m.recount(s)
}

// recount keeps the numbers of attendees that are present, and that were authorized before they joined first.
func (m *causal[P]) recount(s *subject[P]) {
	if s.key.part != partAttendee {
		return
	}
	m.present += change(&s.present, !s.service && s.presence.is == on)
	m.authorizes += change(&s.authorizes, s.usual())
}

// change sets what is counted and returns by how much the count changes.
func change(counted *bool, to bool) int {
	was := *counted
	*counted = to
	switch {
	case to && !was:
		return 1
	case was && !to:
		return -1
	}
	return 0
}
