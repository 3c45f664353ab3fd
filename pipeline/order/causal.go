package order

import (
	"cmp"
	"slices"
	"sort"

	"carillon/pipeline"
)

// causal is one meeting in mode causal. Nothing in it looks at more than one subject, but for the start and the end of the
// meeting: the cost of an event does not grow with what is held.
type causal[P any] struct {
	buffer   *Buffer[P]
	subjects map[subjectKey]*subject[P]
	// self is the subject that the meeting itself is.
	self *subject[P]
	// started is whether the meeting has, or is taken to have; newest the event time of the last event that needs that.
	started bool
	newest  int64
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
	waited := h.entry.Arrived != 0 // It was not late when it came.
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

// missed reports whether something that h must come before has left without it, and its event time. Within a millisecond
// that is so when somebody waited for h in vain, and when h would have to wait although something behind it has left; unless
// it waits for a departure, which comes first of its millisecond when the attendee comes back.
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
	late := at > h.entry.Time || vain >= h.entry.Time || equal && m.lacks(s, r)&^rulesOf(ruleDeparted) != 0
	return max(at, vain), late
}

// home returns the subject that remembers when a rule was waited for in vain.
func (m *causal[P]) home(r rule, s *subject[P]) *subject[P] {
	if r == ruleStarted || r == ruleAllDeparted {
		return m.self
	}
	return s
}

// lacks returns the rules that an event of row r waits for, with what they imply.
func (m *causal[P]) lacks(s *subject[P], r row) ruleSet {
	todo, lacks := table[r].needs, ruleSet(0)
	for todo != 0 {
		next := ruleSet(0)
		(todo &^ lacks).each(func(r rule) {
			if !m.met(s, r) {
				lacks |= rulesOf(r)
				next |= implied[r]
			}
		})
		todo = next
	}
	return lacks
}

func (m *causal[P]) met(s *subject[P], r rule) bool {
	switch r { //nolint:exhaustive // all others are about the subject.
	case ruleStarted:
		return m.started
	case ruleAllDeparted:
		return m.present == 0 && m.moving == 0
	}
	return s.met(r)
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
	if s.line.len() > 0 && !m.started && !s.awaiting {
		s.awaiting = true
		m.awaiting = append(m.awaiting, s)
	}
}

// ready returns an event of the first time that waits for nothing, nil when there is none. Events of one row wait for the
// same, so that one of each is looked at.
func (m *causal[P]) ready(s *subject[P]) *held[P] {
	if s.line.len() == 0 {
		return nil
	}
	group := s.line.at(s.line.front().entry.Time)
	for len(group) > 0 {
		h := group[0]
		if m.lacks(s, row(h.rank)) == 0 {
			return h
		}
		group = group[sort.Search(len(group), func(i int) bool { return group[i].rank > h.rank }):]
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
	r, t := row(h.rank), stamp{at: h.entry.Time, late: h.entry.IsLate}
	if !t.late {
		gap := parseRules(h.entry.Gap)
		gap.each(func(r rule) { m.home(r, s).missed[r] = max(m.home(r, s).missed[r], t.at) })
		(gap | table[r].needs).each(func(r rule) {
			m.started = m.started || r == ruleStarted
			s.assume(r, t)
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

// recount keeps the number of attendees that are present.
func (m *causal[P]) recount(s *subject[P]) {
	present := s.key.part == partAttendee && !s.service && s.presence.is == on
	switch {
	case present && !s.present:
		m.present++
	case !present && s.present:
		m.present--
	}
	s.present = present
}

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
			next = s.line.front()
		}
		m.leave(s, next, m.lacks(s, row(next.rank)))
	}
	m.settle(s)
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
		m.note(m.subject(&h.entry, r), h)
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
