package deliver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

const (
	// maxAsked and maxAskedBytes bound what one partition has in hand for operators at once (I6).
	maxAsked      = 256
	maxAskedBytes = 16 << 20
)

// Result is what came of an errand.
type Result string

const (
	// ResultAccepted means that the sink has the event.
	ResultAccepted Result = "accepted"
	// ResultRejected means that it will never take it.
	ResultRejected Result = "rejected"
	// ResultRefused means that it did not take it this time.
	ResultRefused Result = "refused"
	// ResultDropped means that the dead letter is removed.
	ResultDropped Result = "dropped"
	// ResultGone means that there is no such dead letter any more.
	ResultGone Result = "gone"
	// ResultDead means that the event was not replayed because it is a dead letter.
	ResultDead Result = "dead"
	// ResultWaiting means that it was not replayed because the sink gets it anyway.
	ResultWaiting Result = "waiting"
	// ResultUnwanted means that it was not replayed because the sink does not want it.
	ResultUnwanted Result = "unwanted"
	// ResultBusy means that nothing was done: the event is asked for already, too much is, or its turn did not come in time.
	ResultBusy Result = "busy"
)

// results returns all of them.
func results() []Result {
	return []Result{
		ResultAccepted, ResultRejected, ResultRefused, ResultDropped, ResultGone, ResultDead, ResultWaiting, ResultUnwanted, ResultBusy,
	}
}

// errand is one errand on the desk of a partition.
type errand struct {
	journal.Errand
	answer   func(journal.Outcome)
	deadline time.Time // when its turn must have come
	letter   journal.DeadLetter
}

// desk holds the errands of one partition. Its zero value takes none.
type desk struct {
	in      chan *errand
	over    chan struct{}
	stop    func()
	next    int
	tickets map[int]*errand
	byID    map[chime.Identity]int
	bytes   int
}

func newDesk() desk {
	return desk{
		in: make(chan *errand), over: make(chan struct{}), stop: func() {},
		tickets: map[int]*errand{}, byID: map[chime.Identity]int{},
	}
}

// listen begins to take errands.
func (r *run) listen() error {
	d := &r.errands
	stop, err := r.set.Journal.ReceiveErrands(r.set.ID, r.partition, func(e journal.Errand, answer func(journal.Outcome)) {
		select {
		case d.in <- &errand{Errand: e, answer: answer}:
		case <-d.over:
			answer(journal.Outcome{Result: string(ResultBusy), Reason: "the partition goes to another owner"})
		}
	})
	if err != nil {
		return err
	}
	d.stop = stop
	return nil
}

// close answers what is left and takes nothing more.
func (d *desk) close() {
	d.stop()
	close(d.over)
	for _, e := range d.tickets {
		e.answer(journal.Outcome{Result: string(ResultBusy), Reason: "the partition goes to another owner"})
	}
}

// errand begins one errand.
func (r *run) errand(ctx context.Context, e *errand) {
	result, err := r.begin(ctx, e)
	if result != "" {
		r.reply(e, result, err)
	}
}

var (
	errUnderWay = errors.New("the event is asked for already")
	errTooMuch  = errors.New("too much is asked for at once")
	errNoTurn   = errors.New("its turn did not come in time: the sink is busy, held back, or waits to try the meeting again")
	errNotKept  = errors.New("its body is not in EVENTS any more")
)

// begin returns the result, or none when the event waits for its turn.
func (r *run) begin(ctx context.Context, e *errand) (Result, error) {
	id, key := e.Event.ID, e.Event.Key
	if _, known := r.errands.byID[id]; known {
		return ResultBusy, errUnderWay
	}
	switch e.Kind {
	case journal.ErrandDrop:
		return r.drop(ctx, e)
	case journal.ErrandRedrive:
		if result, err := r.fetch(ctx, e); result != "" {
			return result, err
		}
	case journal.ErrandReplay:
		switch {
		case r.lanes.Letter(id):
			return ResultDead, nil
		case !r.lanes.Passed(key, e.Event.Sequence):
			return ResultWaiting, nil
		case !r.judge(&e.Event).Sent():
			return ResultUnwanted, nil
		}
		e.Event.Replay = true
	default:
		return ResultRefused, fmt.Errorf("errand %q: this router does not know it", e.Kind)
	}
	if len(r.errands.tickets) >= maxAsked || r.errands.bytes > maxAskedBytes {
		return ResultBusy, errTooMuch
	}
	r.errands.next++
	e.deadline = r.set.Clock().Add(e.Patience)
	r.errands.tickets[r.errands.next], r.errands.byID[id] = e, r.errands.next
	r.errands.bytes += len(e.Event.Body)
	r.lanes.Ask(Item{Event: e.Event, Position: -1, Ticket: r.errands.next})
	return "", nil
}

// fetch reads the dead letter that is to be redriven; the result says why it cannot be.
func (r *run) fetch(ctx context.Context, e *errand) (Result, error) {
	letter, ok, err := r.set.Journal.DeadOf(ctx, r.set.ID, e.Event.Key, e.Event.ID)
	switch {
	case err != nil:
		return ResultRefused, err
	case !ok:
		r.lanes.Gone(e.Event.ID) // Somebody removed it without asking.
		return ResultGone, nil
	}
	e.letter, e.Event = letter, letter.Event
	if !letter.Stripped {
		return "", nil
	}
	msgs, err := r.set.Journal.ReadMeeting(ctx, r.partition, letter.Key, letter.Sequence, 1)
	if err != nil {
		return ResultRefused, err
	}
	if len(msgs) == 0 || msgs[0].Sequence != letter.Sequence {
		return ResultRefused, errNotKept
	}
	e.Event.Body = msgs[0].Body
	return "", nil
}

// drop removes a dead letter unsent.
func (r *run) drop(ctx context.Context, e *errand) (Result, error) {
	letter, ok, err := r.set.Journal.DeadOf(ctx, r.set.ID, e.Event.Key, e.Event.ID)
	if err == nil && ok {
		err = r.set.Journal.DropDead(ctx, letter.Place)
	}
	if err != nil {
		return ResultRefused, err
	}
	r.lanes.Gone(e.Event.ID)
	if !ok {
		return ResultGone, nil
	}
	return ResultDropped, nil
}

// answered takes what the sink said about an event that was asked for. A dead letter goes only now that it was accepted; one that
// was not is a dead letter as before, with what was said last.
func (r *run) answered(ctx context.Context, a *Answered) {
	e := r.errands.tickets[a.Ticket]
	r.takeOff(a.Ticket, e)
	if e.Kind == journal.ErrandRedrive {
		r.redriven(ctx, e, a.Err)
	}
	class, _ := pipeline.Classify(a.Err)
	switch {
	case a.Err == nil:
		r.reply(e, ResultAccepted, nil)
	case class == pipeline.ClassReject:
		r.reply(e, ResultRejected, a.Err)
	default:
		r.reply(e, ResultRefused, a.Err)
	}
}

func (r *run) redriven(ctx context.Context, e *errand, cause error) {
	var err error
	if cause == nil {
		r.lanes.Gone(e.letter.ID)
		err = r.set.Journal.DropDead(ctx, e.letter.Place)
	} else if _, held := errors.AsType[heldError](cause); !held {
		e.letter.Attempts++
		e.letter.Reason, e.letter.Excerpt = cause.Error(), pipeline.Excerpt(cause)
		err = r.store(ctx, e.letter)
	}
	if err != nil {
		r.set.Logger.WarnContext(ctx, "dead letter not brought up to date", telemetry.Event(e.letter.ID.String()), telemetry.Err(err))
	}
}

// takeOff takes an errand from the desk.
func (r *run) takeOff(ticket int, e *errand) {
	delete(r.errands.tickets, ticket)
	delete(r.errands.byID, e.Event.ID)
	r.errands.bytes -= len(e.Event.Body)
}

// expire answers what has waited too long for its turn.
func (r *run) expire() {
	now := r.set.Clock()
	for ticket, e := range r.errands.tickets {
		if now.After(e.deadline) && r.lanes.Withdraw(e.Event.Key, ticket) {
			r.takeOff(ticket, e)
			r.reply(e, ResultBusy, errNoTurn)
		}
	}
}

func (r *run) reply(e *errand, result Result, err error) {
	if c := r.metrics.asked[e.Kind][result]; c != nil { // Not of a kind that a newer router knows.
		c.Inc()
	}
	o := journal.Outcome{Result: string(result)}
	if err != nil {
		o.Reason = err.Error()
	}
	e.answer(o)
}
