package deliver

import (
	"errors"
	"time"

	"carillon/pipeline"
)

// Dead is an event that is given up.
type Dead struct {
	Item
	// Cause is the last error, Attempts how often the event was sent.
	Cause    error
	Attempts int
}

// Answered is what came of an event that somebody asked for.
type Answered struct {
	Item
	// Err is nil when it was accepted.
	Err error
}

// Verdict is what came of a batch.
type Verdict struct {
	// Accepted events are settled.
	Accepted []Item
	// Dead events must be stored as dead letters and then reported with Buried; their lanes wait until then.
	Dead []Dead
	// Released events have left memory, because their lane is parked: they are read again.
	Released []Item
	// Answered events were asked for: each was tried once.
	Answered []Answered
	// Failed counts the errors by class.
	Failed map[pipeline.Class]int
	// Fatal is the error after which the sink gets nothing more; nil mostly.
	Fatal error
}

// heldError is a failure that a meeting is not charged for, because nothing could be expected of the sink.
type heldError struct{ error }

func (e heldError) Unwrap() error { return e.error }

func (v *Verdict) fail(c pipeline.Class) {
	if v.Failed == nil {
		v.Failed = make(map[pipeline.Class]int)
	}
	v.Failed[c]++
}

// Settle takes the answer to items, which Take returned together, at now. errs has an entry for each.
func (l *Lanes) Settle(now time.Time, items []Item, errs []error) Verdict {
	var v Verdict
	for begin := 0; begin < len(items); {
		if items[begin].Ticket != 0 {
			l.answered(&v, items[begin], errs[begin])
			begin++
			continue
		}
		n := l.byKey[items[begin].Key]
		end := begin + n.flying
		ok := begin
		for ok < end && errs[ok] == nil {
			ok++
		}
		if len(v.Accepted) == begin { // All so far, as it is mostly: no copy.
			v.Accepted = items[:ok:ok]
		} else {
			v.Accepted = append(v.Accepted, items[begin:ok]...)
		}
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
	n.drop(k)
	n.attempts, n.first, n.stuck, n.turned = 0, time.Time{}, false, false
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

// failed decides what becomes of the front of a lane.
func (l *Lanes) failed(v *Verdict, n *lane, now time.Time, err error) {
	class, wait := pipeline.Classify(err)
	v.fail(class)
	if _, held := errors.AsType[heldError](err); held && class != pipeline.ClassFatal {
		n.turned = true
		l.goOn(n)
		return
	}
	n.attempts++
	worked := now.Add(-l.lost)
	if n.first.IsZero() {
		n.first = worked
	}
	tooOld := l.giveUp > 0 && worked.Sub(n.first) >= l.giveUp
	switch {
	case class == pipeline.ClassFatal:
		v.Fatal = err
	case class == pipeline.ClassReject || tooOld:
		n.cause = err
		v.Dead = append(v.Dead, Dead{Item: n.queue[0], Cause: err, Attempts: n.attempts})
	default:
		n.next = now.Add(max(wait, l.backoff.pause(n.attempts)))
		l.waiting.push(n)
		v.Released = append(v.Released, l.refused(n, worked)...)
	}
}

// Buried reports that the dead letter of d is stored: its lane goes on, unless nothing of a meeting with dead letters is sent; what
// leaves memory by that is returned.
func (l *Lanes) Buried(d Dead) (released []Item) {
	n := l.byKey[d.Key]
	n.cause = nil
	l.pass(n, 1)
	return l.died(n, d.ID)
}
