package deliver

import (
	"slices"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// Item is an event in a lane with its place in the feed.
type Item struct {
	pipeline.Event
	// Position is what the floor is told when the event is settled; negative when the floor does not wait for it, because its
	// lane is parked.
	Position int
	// Ticket is the number of whoever asked for the event out of turn; 0 when EVENTS brought it.
	Ticket int
}

// fed reports whether the event came by the feed.
func (i *Item) fed() bool { return i.Position >= 0 }

// lane is the queue of one meeting.
type lane struct {
	key      string
	queue    []Item
	room     []Item      // where queue began when it got its memory
	flying   int         // how many from the front are with the sink
	attempts int         // of the front
	turned   bool        // the front was held: it failed while nothing was to be expected of the sink
	first    time.Time   // of the attempts, less what the sink was held back until then
	next     time.Time   // when the front may be sent again
	cause    error       // of a front that waits to be buried
	held     bool        // nothing is sent while the meeting has a dead letter
	holding  bool        // in Lanes.toHold
	stuck    bool        // the front was refused for longer than lane_patience
	flagged  bool        // in Lanes.flagged
	parked   *parkedLane // nil: not parked
}

// Lanes orders the events of one partition for one sink, and decides which lanes are parked. It is pure: no goroutine, no
// clock, no I/O. It has one user at a time.
type Lanes struct {
	backoff backoff
	giveUp  time.Duration
	byKey   map[string]*lane
	ready   []*lane
	waiting laneHeap
	size    int
	lost    time.Duration
	spares  spares
	parking
	holding
	asking
}

// NewLanes returns lanes that retry and park as c says. random returns values in [0, 1) for the jitter.
func NewLanes(c *Config, most Limits, random func() float64) *Lanes {
	return &Lanes{
		backoff: backoff{c.Retry.Initial, c.Retry.Max, random}, giveUp: c.Retry.GiveUpAfter, byKey: make(map[string]*lane),
		parking: parking{laneMax: c.LaneMax, patience: c.LanePatience, most: most},
		holding: holding{on: c.OnDead == OnDeadPark, dead: make(map[chime.Identity]string), letters: make(map[string]int)},
		asking:  asking{byMeeting: make(map[string]*askedLane)},
	}
}

// Push appends an event to the lane of its meeting, for which Pass returned false.
func (l *Lanes) Push(i Item) {
	l.size++
	l.newest = i.Position
	n, ok := l.byKey[i.Key]
	if !ok {
		n = l.spares.lane(i.Key)
		l.byKey[i.Key] = n
	}
	n.append(i)
	switch {
	case n.held:
		l.hold(n)
	case !ok:
		l.ready = append(l.ready, n)
	case len(n.queue) > l.laneMax:
		l.flag(n)
	}
}

// Take appends to dst up to limit events that may be sent at now, those of one meeting together and in order, and returns it.
// Their lanes give nothing more until Settle or Untake.
func (l *Lanes) Take(dst []Item, now time.Time, limit int) []Item {
	l.wake(now)
	// Turn about, so that neither what was asked for nor what is due has to wait for the end of the other.
	had, askedFirst := len(dst), l.turn
	if askedFirst {
		dst = l.takeAsked(dst, min(limit, had+max(1, (limit-had)/2)))
	}
	dst = l.takeReady(dst, limit)
	dst = l.takeAsked(dst, limit)
	if len(dst) > had {
		l.turn = !askedFirst
	}
	return dst
}

// takeReady appends to dst what lanes have that are ready. All of them have a share: a sink that may send only one event of each
// meeting at a time gets many meetings then, and not one that has much.
func (l *Lanes) takeReady(dst []Item, limit int) []Item {
	var giving []*lane
	taken := 0
	for taken < len(l.ready) && len(dst)+len(giving) < limit {
		n := l.ready[taken]
		taken++
		if len(n.queue) == 0 { // It was parked meanwhile.
			l.goOn(n)
			continue
		}
		if !l.yield(n) {
			n.flying = 1
			giving = append(giving, n)
		}
	}
	deal(giving, limit-len(dst)-len(giving))
	for _, n := range l.ready[:taken] {
		dst = append(dst, n.queue[:n.flying]...)
	}
	clear(l.ready[:taken])
	if l.ready = l.ready[taken:]; len(l.ready) == 0 {
		l.ready = nil
	}
	return dst
}

// deal lets lanes send up to room more events, all alike as long as they have them. It may change the slice.
func deal(lanes []*lane, room int) {
	for room > 0 && len(lanes) > 0 {
		share, left := max(1, room/len(lanes)), lanes[:0]
		for _, n := range lanes {
			more := min(share, n.most()-n.flying, room)
			n.flying += more
			room -= more
			if n.flying < n.most() {
				left = append(left, n)
			}
		}
		lanes = left
	}
}

// most returns how many events may be sent together.
func (n *lane) most() int {
	if n.attempts > 0 || n.turned {
		return 1 // What was refused goes alone, so that its neighbours are not sent in vain.
	}
	return len(n.queue)
}

// wake makes lanes ready whose pause is over.
func (l *Lanes) wake(now time.Time) {
	for len(l.waiting) > 0 && !l.waiting[0].next.After(now) {
		l.goOn(l.waiting.pop())
	}
}

// Probe is Take for a single event, of which it is to be learned whether the sink accepts anything: of a meeting that was not
// refused, if there is one.
func (l *Lanes) Probe(now time.Time) []Item {
	l.wake(now)
	fresh := slices.IndexFunc(l.ready, func(n *lane) bool { return len(n.queue) > 0 && n.attempts == 0 && !n.turned })
	if fresh > 0 {
		n := l.ready[fresh]
		copy(l.ready[1:], l.ready[:fresh])
		l.ready[0] = n
	}
	return l.Take(nil, now, 1)
}

// Untake gives back items, which Take returned together and nobody sent.
func (l *Lanes) Untake(items []Item) {
	for begin := 0; begin < len(items); {
		if items[begin].Ticket != 0 {
			l.unask(&items[begin])
			begin++
			continue
		}
		n := l.byKey[items[begin].Key]
		begin += n.flying
		n.flying = 0
		l.goOn(n)
	}
}

// goOn makes a lane ready again, lets a parked one read on, or forgets a lane that is empty.
func (l *Lanes) goOn(n *lane) {
	switch {
	case len(n.queue) > 0:
		l.ready = append(l.ready, n)
	case n.parked != nil:
		l.readOn(n)
	default:
		delete(l.byKey, n.key)
		l.spares.keep(n)
	}
}

// Wake returns when the next waiting lane may go on; false when none waits.
func (l *Lanes) Wake() (time.Time, bool) {
	if len(l.waiting) == 0 {
		return time.Time{}, false
	}
	return l.waiting[0].next, true
}

// Lost tells for how long the sink was held back until now: no event is given up, and no lane parked, for that time.
func (l *Lanes) Lost(d time.Duration) { l.lost = d }

// Len returns how many events of the feed are in lanes, those with the sink included.
func (l *Lanes) Len() int { return l.size }

// Waiting returns how many lanes wait for another attempt.
func (l *Lanes) Waiting() int { return len(l.waiting) }
