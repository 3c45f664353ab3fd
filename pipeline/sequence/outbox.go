package sequence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"carillon/pipeline/dedupe"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/telemetry"
)

// maxBatchBytes bounds one append.
const maxBatchBytes = 4 << 20

// outgoing is a released event on its way to EVENTS.
type outgoing struct {
	msg *nats.Msg
	released
}

// outbox holds what order released until it is in EVENTS: one batch in flight, the next one gathers meanwhile.
type outbox struct {
	queue   []outgoing
	flight  []outgoing
	single  int              // how many of the next events go alone, because a batch with them was refused
	wait    <-chan time.Time // for the next try of the batch in flight; nil when none is due
	batches chan []*nats.Msg
	results chan error
}

func (o *outbox) start(ctx context.Context, wg *sync.WaitGroup, f *journal.Fence) {
	o.batches, o.results = make(chan []*nats.Msg, 1), make(chan error, 1)
	wg.Go(func() {
		for {
			select {
			case msgs := <-o.batches:
				o.results <- f.Append(ctx, msgs)
			case <-ctx.Done():
				return
			}
		}
	})
}

func (o *outbox) add(x outgoing) { o.queue = append(o.queue, x) }

func (o *outbox) len() int { return len(o.queue) + len(o.flight) }

func (o *outbox) busy() bool { return len(o.flight) > 0 }

// send starts the next append if none is in flight.
func (o *outbox) send() {
	if o.busy() || len(o.queue) == 0 {
		return
	}
	n := o.cut()
	o.flight = append(o.flight[:0], o.queue[:n]...)
	clear(o.queue[:n])
	if o.queue = o.queue[n:]; len(o.queue) == 0 {
		o.queue = nil
	}
	o.submit()
}

func (o *outbox) submit() {
	msgs := make([]*nats.Msg, len(o.flight))
	for i := range o.flight {
		msgs[i] = o.flight[i].msg
	}
	o.batches <- msgs
}

// cut returns how many events the next batch has.
func (o *outbox) cut() int {
	if o.single > 0 {
		o.single--
		return 1
	}
	size := 0
	for n := range min(len(o.queue), journal.MaxAppend) {
		if size += len(o.queue[n].msg.Data); size > maxBatchBytes && n > 0 {
			return n
		}
	}
	return min(len(o.queue), journal.MaxAppend)
}

// arrived empties the flight.
func (o *outbox) arrived() {
	clear(o.flight)
	o.flight = o.flight[:0]
}

// split puts the batch in flight back, to go one event at a time.
func (o *outbox) split() {
	o.single = len(o.flight)
	o.queue = append(o.flight, o.queue...)
	o.flight = nil
}

// outgoing turns what order released into a message for EVENTS.
func (t *tenure) outgoing(e *order.Entry[released]) outgoing {
	event := e.Payload.event
	event.IsLate, event.Late, event.First = e.IsLate, time.Duration(e.Late)*time.Millisecond, e.First
	return outgoing{msg: t.set.Journal.EventMessage(t.partition, event), released: e.Payload}
}

// appended settles the batch in flight, or decides what its failure means.
func (t *tenure) appended(ctx context.Context, err error) error {
	switch {
	case err == nil:
		now := time.Now()
		for _, x := range t.out.flight {
			t.settle(x, now)
		}
		t.out.arrived()
		t.full = false
	case errors.Is(err, journal.ErrFull):
		// A definite refusal is no recovery: the same batch again, later (I8).
		if !t.full {
			t.set.Logger.WarnContext(ctx, "events wait: the journal is full", telemetry.Partition(t.partition), telemetry.Err(err))
		}
		t.full = true
		t.out.wait = time.After(retryFull)
	case errors.Is(err, journal.ErrRefused) && len(t.out.flight) > 1:
		t.out.split()
	case errors.Is(err, journal.ErrRefused):
		return t.refused(ctx, err)
	default:
		t.out.queue, t.out.flight = nil, nil // They stay in RAW for the next tenure.
		return fmt.Errorf("appending events: %w", err)
	}
	return nil
}

// settle notes that an event is in EVENTS.
func (t *tenure) settle(x outgoing, now time.Time) {
	t.floor.Settle(x.position)
	x.meeting.unsettled--
	t.set.Metrics.released(x.event, now)
	if owed, _ := t.owes(x.event.Raw); owed {
		t.set.Metrics.judged(dedupe.New, x.event.Source)
	}
}

// refused quarantines the one event that EVENTS will never take.
func (t *tenure) refused(ctx context.Context, cause error) error {
	x := t.out.flight[0]
	q := journal.Quarantined{Source: x.event.Source, Reason: cause.Error(), Received: x.event.Received, Body: x.event.Body}
	if err := t.set.Journal.Quarantine(ctx, q); err != nil {
		return fmt.Errorf("setting event aside: %w", err)
	}
	if owed, _ := t.owes(x.event.Raw); owed {
		t.set.Metrics.unreadable.Inc()
	}
	t.floor.Settle(x.position)
	x.meeting.unsettled--
	t.out.arrived()
	return nil
}
