package deliver

import (
	"slices"
	"time"
)

// Need is a parked meeting whose next events are to be read from EVENTS.
type Need struct {
	Key string
	// From is the first sequence to read, Limit how many events.
	From  uint64
	Limit int
	upTo  uint64
}

// Begin tells that the feed begins after floor.
func (l *Lanes) Begin(floor uint64) { l.reach = floor }

// Restore parks the lane of key as it was stored: next is its next event. It is called after Begin and Died, and before anything is
// pushed.
func (l *Lanes) Restore(key string, next uint64) {
	n := l.byKey[key]
	if n == nil {
		n = &lane{key: key}
		l.byKey[key] = n
	}
	n.parked = &parkedLane{from: next, upTo: l.reach, stored: next}
	l.parked++
	if n.held {
		n.parked.state = parkedHeld
		return
	}
	l.readOn(n)
}

// Pass tells that the feed has brought the event of key at sequence seq, and reports whether its lane is parked: then the event
// is settled, and not pushed.
func (l *Lanes) Pass(key string, seq uint64) bool {
	l.reach = max(l.reach, seq)
	n := l.byKey[key]
	if n == nil || n.parked == nil {
		return false
	}
	n.parked.upTo = max(n.parked.upTo, seq)
	if s := n.parked.state; s == parkedResting || s == parkedCaught {
		l.readOn(n)
	}
	return true
}

// readOn lets a parked lane without events in memory take its next step.
func (l *Lanes) readOn(n *lane) {
	l.freePage(n)
	switch p := n.parked; {
	case p.from <= p.upTo:
		p.state = parkedHungry
		l.hungry = append(l.hungry, n)
	case p.from <= l.reach+1:
		p.state = parkedCaught
		l.caught = append(l.caught, n)
	default:
		p.state = parkedResting
		l.resting = append(l.resting, n)
	}
}

func (l *Lanes) freePage(n *lane) {
	if n.parked.paged {
		n.parked.paged = false
		l.pages--
	}
}

// Hungry returns a parked meeting to be read; false when there is none or enough are in memory. Answer with Page or Missed.
func (l *Lanes) Hungry() (Need, bool) {
	if len(l.hungry) == 0 || l.pages >= l.most.Pages {
		return Need{}, false
	}
	n := l.hungry[0]
	l.hungry[0], l.hungry = nil, l.hungry[1:]
	n.parked.state, n.parked.paged = parkedReading, true
	l.pages++
	need := Need{Key: n.key, From: n.parked.from, Limit: pageEvents, upTo: n.parked.upTo}
	if n.attempts > 0 {
		need.Limit = 1
	}
	return need, true
}

// Page answers need: items are the events that the sink wants of those that were read, and last is the last sequence that was
// read, 0 when nothing of the meeting was stored from need.From on. What the feed has not brought yet is left to it, so that
// nothing is sent twice and nothing is overtaken when the lane is parked no more (I5).
func (l *Lanes) Page(need Need, items []Item, last uint64) {
	n := l.byKey[need.Key]
	p := n.parked
	cut := slices.IndexFunc(items, func(i Item) bool { return i.Sequence > p.upTo })
	if cut >= 0 {
		items = items[:cut]
	}
	switch {
	case last == 0:
		p.from = need.upTo + 1 // What the feed has passed by since then is still to be read.
	case last > p.upTo:
		p.from = p.upTo + 1
	default:
		p.from = last + 1
	}
	p.state = parkedActive
	n.queue = items
	l.move(n)
	l.goOn(n)
}

// Missed answers need when reading failed at now: it is tried again after a while.
func (l *Lanes) Missed(need Need, now time.Time) {
	n := l.byKey[need.Key]
	l.freePage(n)
	n.parked.state = parkedActive
	n.next = now.Add(readRetry)
	l.waiting.push(n)
}

// CaughtUp returns a parked lane that has delivered all that the feed has read. Store that it is parked no more and call Unpark,
// or call Stay when that cannot be stored for now, both before anything else.
func (l *Lanes) CaughtUp() (string, bool) {
	for len(l.caught) > 0 {
		n := l.caught[0]
		l.caught[0], l.caught = nil, l.caught[1:]
		if n.parked.state == parkedCaught {
			return n.key, true
		}
	}
	return "", false
}

// Unpark makes the lane of key one like any other.
func (l *Lanes) Unpark(key string) {
	l.byKey[key].parked.state = parkedGone
	delete(l.byKey, key)
	l.parked--
}

// Stay leaves the lane of key parked until Review.
func (l *Lanes) Stay(key string) {
	n := l.byKey[key]
	n.parked.state = parkedResting
	l.resting = append(l.resting, n)
}

// Review lets lanes that rest be caught up if the feed has reached them. Call it now and then.
func (l *Lanes) Review() {
	rest := l.resting
	l.resting = nil
	for _, n := range rest {
		if n.parked.state == parkedResting {
			l.readOn(n)
		}
	}
}

// move notes that a parked lane has passed events.
func (l *Lanes) move(n *lane) {
	if !n.parked.listed {
		n.parked.listed = true
		l.moved = append(l.moved, n)
	}
}

// Progress calls write for up to limit parked lanes whose next event is not what was stored last, until it fails.
func (l *Lanes) Progress(limit int, write func(key string, next uint64) error) error {
	for ; limit > 0 && len(l.moved) > 0; limit-- {
		n := l.moved[0]
		next := n.parked.from
		if len(n.queue) > 0 {
			next = n.queue[0].Sequence
		}
		if n.parked.state != parkedGone && next != n.parked.stored {
			if err := write(n.key, next); err != nil {
				return err
			}
			n.parked.stored = next
		}
		n.parked.listed = false
		l.moved[0], l.moved = nil, l.moved[1:]
	}
	return nil
}

// Parked returns how many lanes are parked.
func (l *Lanes) Parked() int { return l.parked }
