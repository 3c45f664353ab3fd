package sequence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/telemetry"
)

// maxBatchBytes bounds one append.
const maxBatchBytes = 4 << 20

// outgoing is a released event on its way to EVENTS, or to LATE.
type outgoing struct {
	msg  *nats.Msg
	late bool
	released
}

// batch is one append: of several messages to EVENTS, or of one to LATE.
type batch struct {
	msgs []*nats.Msg
	late bool
	// last is the sequence that the last message of the key in LATE is to have.
	last uint64
}

// outbox holds what order released until it has its place: one batch in flight, the next one gathers meanwhile. What goes to
// LATE keeps its turn: when it is appended all that made it late is in EVENTS.
type outbox struct {
	queue   []outgoing
	flight  []outgoing
	bytes   int              // of the bodies in both
	most    int              // how many events a batch may have at the start and after the journal was full, 0: as many as it takes
	single  int              // how many of the next events go alone, because a batch with them was refused
	wait    <-chan time.Time // for the next try of the batch in flight; nil when none is due
	batches chan batch
	results chan error
	lateSeq uint64 // of the last append to LATE; valid when its result is nil
}

func (o *outbox) start(ctx context.Context, wg *sync.WaitGroup, j *journal.Journal, f *journal.Fence) {
	o.batches, o.results = make(chan batch, 1), make(chan error, 1)
	o.most = 1 // It may be a full journal that ended the tenure before; see shrink.
	wg.Go(func() {
		for {
			select {
			case b := <-o.batches:
				o.results <- o.append(ctx, j, f, b)
			case <-ctx.Done():
				return
			}
		}
	})
}

// append stores a batch. The result that follows makes lateSeq visible to the loop.
func (o *outbox) append(ctx context.Context, j *journal.Journal, f *journal.Fence, b batch) (err error) {
	if !b.late {
		return f.Append(ctx, b.msgs)
	}
	o.lateSeq, err = j.AppendLate(ctx, b.msgs[0], b.last)
	return err
}

func (o *outbox) add(x outgoing) {
	o.queue = append(o.queue, x)
	o.bytes += size(x.event)
}

func (o *outbox) len() int { return len(o.queue) + len(o.flight) }

func (o *outbox) busy() bool { return len(o.flight) > 0 }

// idle reports whether no append is under way: a batch that waits for room in the journal must not keep the fence from moving,
// because a purge that would make room may be waiting for just that.
func (o *outbox) idle() bool { return !o.busy() || o.wait != nil }

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
	b := batch{msgs: make([]*nats.Msg, len(o.flight)), late: o.flight[0].late, last: o.flight[0].meeting.lateSeq}
	for i := range o.flight {
		b.msgs[i] = o.flight[i].msg
	}
	o.batches <- b
}

// cut returns how many events the next batch has.
func (o *outbox) cut() int {
	if o.single > 0 {
		o.single--
		return 1
	}
	if o.queue[0].late {
		return 1
	}
	size, most := 0, min(len(o.queue), cmp.Or(o.most, journal.MaxAppend))
	for n := range most {
		if size += len(o.queue[n].msg.Data); n > 0 && (size > maxBatchBytes || o.queue[n].late) {
			return n
		}
	}
	return most
}

// arrived empties the flight.
func (o *outbox) arrived() {
	for i := range o.flight {
		o.bytes -= size(o.flight[i].event)
	}
	clear(o.flight)
	o.flight = o.flight[:0]
}

// shrink puts all but one event of the batch in flight back after the journal had no room for it: what does not fit as a whole may fit
// in parts. One alone cannot be stored in part: of several the first may be refused and the next taken, when room comes in between,
// and what is read again for that would have been overtaken (I4). Batches grow again with every one that is stored.
func (o *outbox) shrink() {
	o.most = 1
	o.queue = append(slices.Clone(o.flight[1:]), o.queue...)
	clear(o.flight[1:])
	o.flight = o.flight[:1]
}

// grow lets the next batch be twice as large.
func (o *outbox) grow() {
	if o.most *= 2; o.most >= journal.MaxAppend {
		o.most = 0
	}
}

// split puts the batch in flight back, to go one event at a time.
func (o *outbox) split() {
	o.single = len(o.flight)
	o.queue = append(o.flight, o.queue...)
	o.flight = nil
}

// outgoing turns what order released into a message for EVENTS or, by the policy for late events, for LATE.
func (t *tenure) outgoing(e *order.Entry[released]) outgoing {
	event := e.Payload.event
	event.IsLate, event.Late, event.First, event.Gap = e.IsLate, time.Duration(e.Late)*time.Millisecond, e.First, e.Gap
	if e.Arrived != 0 {
		event.Arrived = time.Unix(0, e.Arrived).UTC()
	}
	if e.IsLate && t.set.Order.Late != order.LateForward {
		whole := t.set.Order.Late == order.LateDivert
		return outgoing{msg: t.set.Journal.LateMessage(t.partition, event, whole), late: true, released: e.Payload}
	}
	return outgoing{msg: t.set.Journal.EventMessage(t.partition, event), released: e.Payload}
}

// appended settles the batch in flight, or decides what its failure means.
func (t *tenure) appended(ctx context.Context, err error) error {
	parts, byIndex := errors.AsType[*pipeline.BatchError](err)
	switch {
	case err == nil, byIndex:
		return t.stored(ctx, parts)
	case errors.Is(err, journal.ErrFull):
		// A definite refusal is no recovery: the same events again, later (I8).
		if !t.full {
			t.set.Logger.WarnContext(ctx, "events wait: the journal is full", telemetry.Partition(t.partition), telemetry.Err(err))
		}
		t.full = true
		t.out.shrink()
		t.out.wait = time.After(retryFull)
	case errors.Is(err, journal.ErrRefused) && len(t.out.flight) > 1:
		t.out.split()
	case errors.Is(err, journal.ErrRefused):
		return t.stored(ctx, &pipeline.BatchError{Failed: []pipeline.IndexError{{Err: err}}})
	default:
		t.out.queue, t.out.flight, t.out.bytes = nil, nil, 0 // They stay in RAW for the next tenure.
		return fmt.Errorf("appending events: %w", err)
	}
	return nil
}

// stored settles the batch in flight: each event has its place, but for those that are refused.
func (t *tenure) stored(ctx context.Context, refused *pipeline.BatchError) error {
	now, failed := time.Now(), []pipeline.IndexError(nil)
	if refused != nil {
		failed = refused.Failed
	}
	for i, x := range t.out.flight {
		if len(failed) == 0 || failed[0].Index != i {
			t.settle(x, now)
			continue
		}
		if err := t.refused(ctx, x, failed[0].Err); err != nil {
			return err
		}
		failed = failed[1:]
	}
	t.out.arrived()
	t.out.grow()
	t.full = false
	return nil
}

// settle notes that an event has its place.
func (t *tenure) settle(x outgoing, now time.Time) {
	t.floor.Settle(x.position)
	x.meeting.unsettled--
	if x.late {
		x.meeting.lateSeq = t.out.lateSeq
		t.set.Metrics.late(t.set.Order.Late)
	} else {
		t.set.Metrics.released(x.event, now)
	}
	if owed, _ := t.owes(x.event.Raw); owed {
		t.set.Metrics.judged(dedupe.New, x.event.Source)
	}
}

// refused quarantines an event that EVENTS will never take.
func (t *tenure) refused(ctx context.Context, x outgoing, cause error) error {
	q := journal.Quarantined{Source: x.event.Source, Reason: cause.Error(), Received: x.event.Received, Body: x.event.Body}
	if err := t.set.Journal.Quarantine(ctx, q); err != nil {
		return fmt.Errorf("setting event aside: %w", err)
	}
	if owed, _ := t.owes(x.event.Raw); owed {
		t.set.Metrics.unreadable.Inc()
	}
	t.floor.Settle(x.position)
	x.meeting.unsettled--
	return nil
}
