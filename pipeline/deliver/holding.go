package deliver

import "carillon/pipeline/chime"

// holding is the part of Lanes that knows dead letters. With on_dead: park nothing of a meeting is sent while it has one: its lane
// is held, and parked as soon as there is anything in it. That follows from the dead letters alone, so a restart, or a change of
// on_dead, needs no memory of it.
type holding struct {
	on      bool
	dead    map[chime.Identity]string // its meeting, or gone
	letters map[string]int            // how many a meeting has
	toHold  []*lane                   // have to be parked; stale ones are not held, or empty
}

// gone stands for the meeting of an event whose dead letter is no more. It is remembered for this life, because the feed may still
// bring the event.
const gone = ""

// Died tells of a dead letter that was there before anything was pushed or restored.
func (l *Lanes) Died(id chime.Identity, key string) {
	l.note(id, key)
	if l.on && l.byKey[key] == nil {
		l.byKey[key] = &lane{key: key, held: true}
	}
}

func (l *Lanes) note(id chime.Identity, key string) {
	if l.dead[id] == gone {
		l.dead[id] = key
		l.letters[key]++
	}
}

// died notes the dead letter of the event that lane n has passed last, and returns what left memory by it.
func (l *Lanes) died(n *lane, id chime.Identity) (released []Item) {
	l.note(id, n.key)
	if !l.on {
		l.goOn(n)
		return nil
	}
	n.held = true
	if n.parked == nil {
		l.hold(n)
		return nil
	}
	released = n.queue
	if len(released) > 0 {
		n.parked.from, n.queue = released[0].Sequence, nil
		l.size -= fed(released)
	}
	l.freePage(n)
	n.parked.state = parkedHeld
	return released
}

// hold notes that a lane which is held has to be parked.
func (l *Lanes) hold(n *lane) {
	if !n.holding && len(n.queue) > 0 {
		n.holding = true
		l.toHold = append(l.toHold, n)
	}
}

// heldBack returns a lane that is to be parked because its meeting has a dead letter; see Overdue.
func (l *Lanes) heldBack() (key string, next uint64, ok bool) {
	for len(l.toHold) > 0 && l.parked < l.most.Parked {
		n := l.toHold[0]
		if n.held && n.parked == nil && len(n.queue) > 0 && l.byKey[n.key] == n {
			return n.key, n.queue[0].Sequence, true
		}
		n.holding = false
		l.toHold[0], l.toHold = nil, l.toHold[1:]
	}
	return "", 0, false
}

// Dead reports whether the event is, or in this life was, a dead letter: it is not to be sent because the feed brings it.
func (l *Lanes) Dead(id chime.Identity) bool {
	_, dead := l.dead[id]
	return dead
}

// Letter reports whether the event is a dead letter.
func (l *Lanes) Letter(id chime.Identity) bool { return l.dead[id] != gone }

// Gone tells that the dead letter of id is no more: it was accepted, or dropped. With the last one of a meeting its lane goes on.
func (l *Lanes) Gone(id chime.Identity) {
	key := l.dead[id]
	if key == gone {
		return
	}
	l.dead[id] = gone
	if l.letters[key]--; l.letters[key] > 0 {
		return
	}
	delete(l.letters, key)
	if n := l.byKey[key]; n != nil && n.held {
		n.held = false
		l.goOn(n)
	}
}
