package deliver

import (
	"slices"
	"time"
)

const (
	// pageEvents is how many events of a parked meeting are in memory at most.
	pageEvents = 256
	// maxBlind is how many lanes are parked without the sink accepting anything in between: when it refuses everything,
	// parking helps nobody.
	maxBlind = 256
	// readRetry is the pause before a parked meeting that could not be read is read again.
	readRetry = time.Second
)

// Limits bound what parked lanes take (I6).
type Limits struct {
	// Parked is how many lanes may be parked at once, 1 or more. Each costs about 300 bytes.
	Parked int
	// Pages is how many of them may have events in memory at once, 1 or more.
	Pages int
}

// parkedState says who has to do the next step of a parked lane.
type parkedState int

const (
	// parkedActive: it waits, is ready, is with the sink or with the dead letters, like any other lane.
	parkedActive parkedState = iota
	// parkedHungry: its next events have to be read from EVENTS.
	parkedHungry
	// parkedReading: they are being read.
	parkedReading
	// parkedResting: it has delivered more than the feed has read.
	parkedResting
	// parkedCaught: it has delivered exactly what the feed has read.
	parkedCaught
	// parkedHeld: its meeting has a dead letter, and nothing is sent before that is gone.
	parkedHeld
	// parkedGone: it is parked no more.
	parkedGone
)

// parkedLane is what a lane needs while it is parked. Its meeting is read from EVENTS, in pages, up to what the feed has passed
// by; the feed's own copies are settled at once, because what is stored of the lane covers them.
type parkedLane struct {
	state  parkedState
	from   uint64 // where to read on: all before it is settled or in the queue
	upTo   uint64 // the last sequence that the feed does not bring any more
	stored uint64 // what a restart begins with
	paged  bool   // counted in parking.pages
	listed bool   // in parking.moved
}

// parking is the part of Lanes that parks.
type parking struct {
	laneMax  int
	patience time.Duration
	most     Limits
	newest   int    // position of the last event that was pushed
	reach    uint64 // up to where the feed was read
	parked   int
	pages    int
	blind    int
	flagged  []*lane // may have to be parked
	hungry   []*lane
	caught   []*lane // may be parked no more; stale ones have another state
	resting  []*lane
	moved    []*lane // have passed more than is stored
}

// flag notes that a lane may have to be parked.
func (l *Lanes) flag(n *lane) {
	if !n.flagged && n.parked == nil {
		n.flagged = true
		l.flagged = append(l.flagged, n)
	}
}

// refused notes that the front of a lane was refused for now. A parked lane keeps nothing in memory meanwhile; what it had is
// returned. Another one is parked when that goes on for too long, while the sink worked for others and the feed has brought more.
func (l *Lanes) refused(n *lane, worked time.Time) []Item {
	if n.parked != nil {
		items := n.queue
		n.parked.from, n.queue = items[0].Sequence, nil
		l.size -= fed(items)
		l.freePage(n)
		return items
	}
	if n.stuck = worked.Sub(n.first) >= l.patience && n.queue[0].Position < l.newest; n.stuck {
		l.flag(n)
	}
	return nil
}

// Overdue returns a lane that is to be parked because it is held, too long, or was refused for too long, and the sequence of its
// next event. Store both, then call Park.
func (l *Lanes) Overdue() (key string, next uint64, ok bool) {
	if key, next, ok = l.heldBack(); ok {
		return key, next, ok
	}
	for l.mayPark() && len(l.flagged) > 0 {
		n := l.flagged[0]
		if l.byKey[n.key] == n && n.parked == nil && n.cause == nil && (n.stuck || len(n.queue) > l.laneMax) {
			return n.key, n.queue[0].Sequence, true
		}
		n.flagged = false
		l.flagged[0], l.flagged = nil, l.flagged[1:]
	}
	return "", 0, false
}

// mayPark reports whether another lane may be parked.
func (l *Lanes) mayPark() bool { return l.parked < l.most.Parked && l.blind < maxBlind }

// Blocking returns a refused lane that is to be parked at once because the limits of what may be unsettled are reached: the one
// with the oldest event, or the one that takes most memory. A lane only counts as in the way when no other could be sent, or
// when it is its age that is in the way.
func (l *Lanes) Blocking(oldest bool) (key string, next uint64, ok bool) {
	if !l.mayPark() || (!oldest && len(l.ready) > 0) {
		return "", 0, false
	}
	var worst *lane
	for _, n := range l.waiting {
		if n.parked == nil && (worst == nil || (oldest && n.queue[0].Position < worst.queue[0].Position) || (!oldest && weight(n) > weight(worst))) {
			worst = n
		}
	}
	if worst == nil {
		return "", 0, false
	}
	return worst.key, worst.queue[0].Sequence, true
}

// weight is what a lane takes of the limits of events and bytes.
func weight(n *lane) int {
	sum := len(n.queue) * (maxOpenBytes / maxOpen)
	for i := range n.queue {
		sum += len(n.queue[i].Body)
	}
	return sum
}

// Park parks a lane that Overdue or Blocking named and whose next event is stored. The floor need not wait for any of its events
// now. Those that are with the sink are flying; the others are left, and have left memory.
func (l *Lanes) Park(key string) (flying, left []Item) {
	n := l.byKey[key]
	flying, left = slices.Clone(n.queue[:n.flying]), n.queue[n.flying:]
	p := &parkedLane{from: n.queue[0].Sequence, stored: n.queue[0].Sequence, upTo: n.queue[len(n.queue)-1].Sequence}
	if len(flying) > 0 {
		p.from = flying[len(flying)-1].Sequence + 1
	}
	n.queue, n.parked, n.stuck = flying, p, false
	l.size -= len(left)
	l.parked++
	if n.held {
		p.state = parkedHeld
	} else {
		l.blind++
	}
	return flying, left
}
