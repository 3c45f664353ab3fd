package deliver

import (
	"time"

	"carillon/pipeline"
)

// Item is an event in a lane with its place in the feed.
type Item struct {
	pipeline.Event
	// Position is what the floor is told when the event is settled.
	Position int
}

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
	next     time.Time // when the front may be sent again
	cause    error     // of a front that waits to be buried
}

// Lanes orders the events of one partition for one sink. It is pure: no goroutine, no clock, no I/O. It has one user at a time.
type Lanes struct {
	backoff backoff
	giveUp  time.Duration
	byKey   map[string]*lane
	ready   []*lane
	waiting laneHeap
	size    int
}

// NewLanes returns lanes that retry as c says. random returns values in [0, 1) for the jitter.
func NewLanes(c RetryConfig, random func() float64) *Lanes {
	return &Lanes{backoff: backoff{c.Initial, c.Max, random}, giveUp: c.GiveUpAfter, byKey: make(map[string]*lane)}
}

// Push appends an event to the lane of its meeting.
func (l *Lanes) Push(i Item) {
	l.size++
	if have, ok := l.byKey[i.Key]; ok {
		have.queue = append(have.queue, i)
		return
	}
	n := &lane{key: i.Key, queue: []Item{i}}
	l.byKey[i.Key] = n
	l.ready = append(l.ready, n)
}

// Take appends to dst up to limit events that may be sent at now, those of one meeting together and in order, and returns it.
// Their lanes give nothing more until Settle.
func (l *Lanes) Take(dst []Item, now time.Time, limit int) []Item {
	for len(l.waiting) > 0 && !l.waiting[0].next.After(now) {
		l.ready = append(l.ready, l.waiting.pop())
	}
	taken := 0
	for taken < len(l.ready) && len(dst) < limit {
		n := l.ready[taken]
		n.flying = min(len(n.queue), limit-len(dst))
		if n.attempts > 0 {
			n.flying = 1 // What was refused goes alone, so that its neighbours are not sent in vain.
		}
		dst = append(dst, n.queue[:n.flying]...)
		taken++
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
	return v
}

// pass removes k settled events from the front of a lane.
func (l *Lanes) pass(n *lane, k int) {
	if k > 0 {
		clear(n.queue[:k])
		n.queue = n.queue[k:]
		n.attempts, n.first = 0, time.Time{}
		l.size -= k
	}
	n.flying = 0
}

// goOn makes a lane ready again, or forgets it when it is empty.
func (l *Lanes) goOn(n *lane) {
	if len(n.queue) == 0 {
		delete(l.byKey, n.key)
		return
	}
	l.ready = append(l.ready, n)
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

// Len returns how many events are in lanes, those with the sink included.
func (l *Lanes) Len() int { return l.size }

// Waiting returns how many lanes wait for another attempt.
func (l *Lanes) Waiting() int { return len(l.waiting) }
