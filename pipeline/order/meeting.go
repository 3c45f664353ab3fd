package order

import (
	"slices"

	"carillon/pipeline/chime"
)

// held is an event that waits.
type held[P any] struct {
	entry    Entry[P]
	traits   chime.Traits
	rank     uint8 // breaks ties
	due      int64 // log time, nanoseconds
	arrived  int64 // the same, when the hold began
	raw      uint64
	released bool
	// waited is set by mode causal; again says that the event is in EVENTS already and leaves without a trace.
	waited, again bool
	// gap is that of an event that left before and perhaps waits once more.
	gap string
	// authorized says in mode causal that the event waits for the authorization of its attendee.
	authorized bool
}

func newHeld[P any](e Entry[P]) *held[P] {
	t := chime.Lookup(e.Kind)
	return &held[P]{entry: e, traits: t, rank: t.Rank, raw: e.Raw}
}

func (h *held[P]) position() position {
	return position{time: h.entry.Time, first: h.entry.First, rank: h.rank, id: h.entry.ID}
}

func (h *held[P]) part() part { return part{h.entry.Attendee, h.traits.Dimension} }

func byPosition[P any](a, b *held[P]) int { return a.position().compare(b.position()) }

// meeting is what the buffer knows of one meeting in the modes time and adaptive.
type meeting[P any] struct {
	buffer *Buffer[P]
	line   line[P]
	// frontier is the last position that was released in order; passed says whether there is one.
	frontier position
	passed   bool
	// before is the state before the instant; both stand still while events of the instant come and go.
	before  state
	instant instant
}

func newMeeting[P any](b *Buffer[P]) *meeting[P] {
	return &meeting[P]{buffer: b, before: make(state)}
}

func (m *meeting[P]) idle() bool { return m.line.len() == 0 }

// push lets h wait, unless it is late.
func (m *meeting[P]) push(h *held[P]) bool {
	m.place(h)
	for m.line.len() > 0 && m.missed(m.line.front()) {
		m.late(m.line.pop())
	}
	if m.missed(h) {
		m.late(h)
		return false
	}
	m.line.insert(h)
	return true
}

// late lets h leave at once.
func (m *meeting[P]) late(h *held[P]) {
	h.entry.IsLate, h.entry.Late = true, m.frontier.time-h.entry.Time
	m.apply(h)
	m.buffer.leave(h)
}

// release lets h leave, and before it all that precede it.
func (m *meeting[P]) release(h *held[P]) {
	for !h.released {
		m.buffer.leave(m.next())
	}
}

// enter moves to the time of the first event that waits and gives the events of that time their places.
func (m *meeting[P]) enter(at int64) {
	if m.instant.open && m.instant.time == at {
		return
	}
	for p, s := range m.instant.left {
		m.before.set(p, s)
	}
	m.instant.begin(at)
	group := m.line.at(at)
	for _, h := range group {
		m.instant.note(h.part(), h.traits.Switch)
	}
	moved := false
	for _, h := range group {
		h.entry.First = m.first(h)
		moved = moved || h.entry.First
	}
	if moved {
		slices.SortFunc(group, byPosition[P])
	}
}

// advance moves to the front what waits of an attendee and is to be first by now.
func (m *meeting[P]) advance(attendee string) {
	group, moved := m.line.at(m.instant.time), false
	for _, h := range group {
		if h.entry.Attendee == attendee && !h.entry.First && m.first(h) {
			h.entry.First, moved = true, true
		}
	}
	if moved {
		slices.SortFunc(group, byPosition[P])
	}
}

// first reports whether h, an event of the instant, comes before the others: what is on and is switched off and on again
// goes off first, and an attendee who leaves and comes back takes everything down first.
func (m *meeting[P]) first(h *held[P]) bool {
	p := h.part()
	if h.traits.Switch != chime.SwitchOff || !m.before.isOn(p) {
		return false
	}
	if _, on := m.instant.ons[p]; on {
		return true
	}
	presence := part{p.attendee, chime.DimensionPresence}
	_, joins := m.instant.ons[presence]
	_, leaves := m.instant.gone[p.attendee]
	return joins && leaves && m.before.isOn(presence)
}

// place finds the place of an event that comes, and moves those that wait to the front where it lets them.
func (m *meeting[P]) place(h *held[P]) {
	h.entry.First = false
	if !m.instant.open || m.instant.time != h.entry.Time {
		return // The events of another time get their places when the first of them leaves.
	}
	news := m.instant.note(h.part(), h.traits.Switch)
	h.entry.First = m.first(h)
	if news && m.before.isOn(h.part()) {
		m.advance(h.entry.Attendee)
	}
}

// missed reports whether something that h precedes has left.
func (m *meeting[P]) missed(h *held[P]) bool { return m.passed && h.position().compare(m.frontier) < 0 }

// next takes the first event that waits and notes that it left in order.
func (m *meeting[P]) next() *held[P] {
	m.enter(m.line.front().entry.Time)
	h := m.line.pop()
	m.pass(h)
	return h
}

// pass notes that h, an event of the instant, left in order.
func (m *meeting[P]) pass(h *held[P]) {
	m.frontier, m.passed = h.position(), true
	m.apply(h)
}

// apply notes what an event that left has switched. For a late one the state before the instant stands still too.
func (m *meeting[P]) apply(h *held[P]) {
	if m.instant.left == nil {
		m.instant.left = make(state)
	}
	m.change(m.instant.left, h)
}

func (m *meeting[P]) change(s state, h *held[P]) {
	if h.traits.Switch != chime.SwitchNone {
		s.set(h.part(), setting{at: h.position(), on: h.traits.Switch == chime.SwitchOn})
	}
}

// restore notes that h left before, as its entry says. A late event may be told of later than it left: by how much it was late
// says in which instant that was.
func (m *meeting[P]) restore(h *held[P]) {
	if h.entry.IsLate || m.missed(h) {
		if m.instant.open && m.instant.time == h.entry.Time {
			m.instant.note(h.part(), h.traits.Switch)
		}
		if h.entry.IsLate && m.instant.open && h.entry.Time+h.entry.Late < m.instant.time {
			m.change(m.before, h)
		} else {
			m.apply(h)
		}
		return
	}
	m.enter(h.entry.Time)
	m.instant.note(h.part(), h.traits.Switch)
	m.pass(h)
}
