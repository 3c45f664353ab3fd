package deliver

import (
	"time"

	"carillon/pipeline"
)

// Item is an event in a lane with its place in the feed.
type Item struct {
	pipeline.Event
	// Position is what the floor is told when the event is settled; negative when the floor does not wait for it, because its
	// lane is parked.
	Position int
}

// fed reports whether the event came by the feed.
func (i *Item) fed() bool { return i.Position >= 0 }

// Dead is an event that is given up.
type Dead struct {
	Item
	// Cause is the last error, Attempts how often the event was sent.
	Cause    error
	Attempts int
}

// Verdict is what came of a batch.
type Verdict struct {
	// Accepted events are settled.
	Accepted []Item
	// Dead events must be stored as dead letters and then reported with Buried; their lanes wait until then.
	Dead []Dead
	// Released events have left memory, because their lane is parked: they are read again.
	Released []Item
	// Failed counts the errors by class.
	Failed map[pipeline.Class]int
	// Fatal is the error after which the sink gets nothing more; nil mostly.
	Fatal error
}

// lane is the queue of one meeting.
type lane struct {
	key      string
	queue    []Item
	flying   int // how many from the front are with the sink
	attempts int // of the front
	first    time.Time
	next     time.Time   // when the front may be sent again
	cause    error       // of a front that waits to be buried
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
	parking
}

// NewLanes returns lanes that retry and park as c says. random returns values in [0, 1) for the jitter.
func NewLanes(c *Config, most Limits, random func() float64) *Lanes {
	return &Lanes{
		backoff: backoff{c.Retry.Initial, c.Retry.Max, random}, giveUp: c.Retry.GiveUpAfter, byKey: make(map[string]*lane),
		parking: parking{laneMax: c.LaneMax, patience: c.LanePatience, most: most},
	}
}

// Push appends an event to the lane of its meeting, for which Pass returned false.
func (l *Lanes) Push(i Item) {
	l.size++
	l.newest = i.Position
	have, ok := l.byKey[i.Key]
	if !ok {
		n := &lane{key: i.Key, queue: []Item{i}}
		l.byKey[i.Key] = n
		l.ready = append(l.ready, n)
		return
	}
	have.queue = append(have.queue, i)
	if len(have.queue) > l.laneMax {
		l.flag(have)
	}
}

// Take appends to dst up to limit events that may be sent at now, those of one meeting together and in order, and returns it.
// Their lanes give nothing more until Settle.
func (l *Lanes) Take(dst []Item, now time.Time, limit int) []Item {
	for len(l.waiting) > 0 && !l.waiting[0].next.After(now) {
		l.goOn(l.waiting.pop())
	}
	taken := 0
	for taken < len(l.ready) && len(dst) < limit {
		n := l.ready[taken]
		taken++
		if len(n.queue) == 0 { // It was parked meanwhile.
			l.goOn(n)
			continue
		}
		n.flying = min(len(n.queue), limit-len(dst))
		if n.attempts > 0 {
			n.flying = 1 // What was refused goes alone, so that its neighbours are not sent in vain.
		}
		dst = append(dst, n.queue[:n.flying]...)
	}
	clear(l.ready[:taken])
	if l.ready = l.ready[taken:]; len(l.ready) == 0 {
		l.ready = nil
	}
	return dst
}

// Settle takes the answer to items, which Take returned together, at now. errs has an entry for each.
func (l *Lanes) Settle(now time.Time, items []Item, errs []error) Verdict {
	v := Verdict{Failed: make(map[pipeline.Class]int)}
	for begin := 0; begin < len(items); {
		n := l.byKey[items[begin].Key]
		end := begin + n.flying
		ok := begin
		for ok < end && errs[ok] == nil {
			ok++
		}
		v.Accepted = append(v.Accepted, items[begin:ok]...)
		l.pass(n, ok-begin)
		if ok < end {
			l.failed(&v, n, now, errs[ok])
		} else {
			l.goOn(n)
		}
		begin = end
	}
	if len(v.Accepted) > 0 {
		l.blind = 0
	}
	return v
}

// pass removes k settled events from the front of a lane.
func (l *Lanes) pass(n *lane, k int) {
	n.flying = 0
	if k == 0 {
		return
	}
	l.size -= fed(n.queue[:k])
	clear(n.queue[:k])
	n.queue = n.queue[k:]
	n.attempts, n.first, n.stuck = 0, time.Time{}, false
	if n.parked != nil {
		l.move(n)
	}
}

// fed returns how many of items came by the feed.
func fed(items []Item) int {
	count := 0
	for i := range items {
		if items[i].fed() {
			count++
		}
	}
	return count
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
	}
}

// failed decides what becomes of the front of a lane.
func (l *Lanes) failed(v *Verdict, n *lane, now time.Time, err error) {
	class, wait := pipeline.Classify(err)
	v.Failed[class]++
	n.attempts++
	if n.first.IsZero() {
		n.first = now
	}
	tooOld := l.giveUp > 0 && now.Sub(n.first) >= l.giveUp
	switch {
	case class == pipeline.ClassFatal:
		v.Fatal = err
	case class == pipeline.ClassReject || tooOld:
		n.cause = err
		v.Dead = append(v.Dead, Dead{Item: n.queue[0], Cause: err, Attempts: n.attempts})
	default:
		n.next = now.Add(max(wait, l.backoff.pause(n.attempts)))
		l.waiting.push(n)
		v.Released = append(v.Released, l.refused(n, now)...)
	}
}

// Buried reports that the dead letter of d is stored: its lane goes on.
func (l *Lanes) Buried(d Dead) {
	n := l.byKey[d.Key]
	n.cause = nil
	l.pass(n, 1)
	l.goOn(n)
}

// Wake returns when the next waiting lane may go on; false when none waits.
func (l *Lanes) Wake() (time.Time, bool) {
	if len(l.waiting) == 0 {
		return time.Time{}, false
	}
	return l.waiting[0].next, true
}

// Len returns how many events of the feed are in lanes, those with the sink included.
func (l *Lanes) Len() int { return l.size }

// Waiting returns how many lanes wait for another attempt.
func (l *Lanes) Waiting() int { return len(l.waiting) }
