package order

import (
	"slices"

	"carillon/pipeline/chime"
)

// held is an event that waits.
type held[P any] struct {
	entry    Entry[P]
	traits   chime.Traits
	due      int64 // log time, nanoseconds
	released bool
}

func (h *held[P]) position() position {
	return position{time: h.entry.Time, first: h.entry.First, rank: h.traits.Rank, id: h.entry.ID}
}

// meeting is what the buffer knows of one meeting.
type meeting[P any] struct {
	// held is sorted by position; within one time the sorting is renewed when something of that time leaves.
	held []*held[P]
	// frontier is the last position that was released in order; passed says whether there is one.
	frontier position
	passed   bool
	state    state
}

// late reports whether h precedes what was already released, and by how many milliseconds.
func (m *meeting[P]) late(h *held[P]) (bool, int64) {
	if !m.passed || h.position().compare(m.frontier) >= 0 {
		return false, 0
	}
	return true, m.frontier.time - h.entry.Time
}

func (m *meeting[P]) insert(h *held[P]) {
	at, _ := slices.BinarySearchFunc(m.held, h, func(a, b *held[P]) int { return a.position().compare(b.position()) })
	m.held = slices.Insert(m.held, at, h)
}

// pass notes that h left in order.
func (m *meeting[P]) pass(h *held[P]) {
	if p := h.position(); !m.passed || p.compare(m.frontier) > 0 {
		m.frontier, m.passed = p, true
	}
	m.state.apply(h.entry.Attendee, h.traits)
}

// arrange sorts what is held of one time by what the attendees' states allow first, and returns where it begins. What is on
// and is switched off and on again at that time goes off first; an attendee who leaves and comes back at that time takes
// everything down first.
func (m *meeting[P]) arrange(at int64) int {
	begin, _ := slices.BinarySearchFunc(m.held, at, func(h *held[P], t int64) int {
		if h.entry.Time < t {
			return -1
		}
		return 1
	})
	end := begin
	for end < len(m.held) && m.held[end].entry.Time == at {
		end++
	}
	group := m.held[begin:end]
	if len(group) < 2 {
		return begin
	}
	ons := make(map[part]bool)
	for _, h := range group {
		if h.traits.Switch == chime.SwitchOn {
			ons[part{h.entry.Attendee, h.traits.Dimension}] = true
		}
	}
	back := m.returning(at, ons)
	for _, h := range group {
		p := part{h.entry.Attendee, h.traits.Dimension}
		h.entry.First = h.traits.Switch == chime.SwitchOff && m.state.isOn(p) && (ons[p] || back[p.attendee])
	}
	slices.SortFunc(group, func(a, b *held[P]) int { return a.position().compare(b.position()) })
	return begin
}

// returning returns the attendees who are present, and both leave and join at one time.
func (m *meeting[P]) returning(at int64, ons map[part]bool) map[string]bool {
	back := make(map[string]bool)
	for _, h := range m.held {
		p := part{h.entry.Attendee, chime.DimensionPresence}
		if h.entry.Time == at && h.traits.Dimension == chime.DimensionPresence && h.traits.Switch == chime.SwitchOff && m.state.isOn(p) && ons[p] {
			back[p.attendee] = true
		}
	}
	return back
}
