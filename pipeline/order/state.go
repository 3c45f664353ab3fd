package order

import "carillon/pipeline/chime"

// part is one thing of an attendee that is on or off: presence, camera, the content connection, content video.
type part struct {
	attendee  string
	dimension chime.Dimension
}

// setting is what switched a part last.
type setting struct {
	at position
	on bool
}

// state is the setting of every part, by the order of the meeting: what comes late changes only what nothing later has set.
type state map[part]setting

func (s state) set(p part, x setting) {
	if have, ok := s[p]; !ok || x.at.compare(have.at) > 0 {
		s[p] = x
	}
}

func (s state) isOn(p part) bool { return s[p].on }

// instant is the event time of the last event that left in order. Its events may still come.
type instant struct {
	time int64
	open bool
	// left is what the events of this time that left have set, and what late ones have set since.
	left state
	// ons is what is switched on at this time, and gone who leaves, by all events of it that are known.
	ons  map[part]struct{}
	gone map[string]struct{}
}

// keepRoom is how many entries a map may have had to be used again.
const keepRoom = 64

// begin moves to another time.
func (n *instant) begin(at int64) {
	if n.left == nil || len(n.left) > keepRoom || len(n.ons) > keepRoom || len(n.gone) > keepRoom {
		n.left, n.ons, n.gone = make(state), make(map[part]struct{}), make(map[string]struct{})
	}
	clear(n.left)
	clear(n.ons)
	clear(n.gone)
	n.time, n.open = at, true
}

// note takes what an event of this time switches, and reports whether it is news: whether it may move others to the front.
func (n *instant) note(p part, s chime.Switch) bool {
	switch {
	case s == chime.SwitchOn:
		_, known := n.ons[p]
		n.ons[p] = struct{}{}
		return !known
	case s == chime.SwitchOff && p.dimension == chime.DimensionPresence:
		_, known := n.gone[p.attendee]
		n.gone[p.attendee] = struct{}{}
		return !known
	}
	return false
}
