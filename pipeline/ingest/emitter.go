package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/semaphore"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

// maxInFlight is how many bytes of notifications all sources together may have on their way to the journal.
const maxInFlight = 64 << 20

// Journal is what ingest needs of the journal.
type Journal interface {
	RawMessage(n journal.Notification) *nats.Msg
	AppendRaw(ctx context.Context, msgs []*nats.Msg) error
	Quarantine(ctx context.Context, q journal.Quarantined) error
	MaxBody() int
}

// Ingest is the stage, shared by all sources.
type Ingest struct {
	journal Journal
	bytes   *semaphore.Weighted
}

// New returns the stage in front of j.
func New(j Journal) *Ingest {
	return &Ingest{journal: j, bytes: semaphore.NewWeighted(maxInFlight)}
}

// Emitter returns the entrance of one source. set.Registerer must add the source's id as a label.
func (in *Ingest) Emitter(set pipeline.Settings) pipeline.Emitter {
	return &emitter{in: in, id: set.ID, clock: set.Clock, metrics: newMetrics(set.Registerer)}
}

type emitter struct {
	in      *Ingest
	id      string
	clock   func() time.Time
	metrics *metrics
}

// unit is one record on its way to RAW, with the notification it was found in.
type unit struct {
	index int // of the notification in the call
	note  journal.Notification
}

// call is one Emit.
type call struct {
	errs  []error // by notification
	units []unit
}

// Emit implements pipeline.Emitter.
func (e *emitter) Emit(ctx context.Context, ns ...pipeline.Notification) error {
	size := weigh(ns)
	if err := e.in.bytes.Acquire(ctx, size); err != nil {
		return fmt.Errorf("waiting for room: %w", err)
	}
	defer e.in.bytes.Release(size)
	c := &call{errs: make([]error, len(ns)), units: make([]unit, 0, len(ns))}
	var items []chime.Item
	for i, n := range ns {
		if n.Received.IsZero() {
			n.Received = e.clock()
		}
		items = chime.Read(items[:0], n.Body, n.Received)
		for _, item := range items {
			e.sort(ctx, c, i, n, item)
		}
	}
	e.store(ctx, c)
	if slices.Contains(c.errs, nil) {
		e.metrics.success.Set(telemetry.Seconds(e.clock()))
	}
	return c.result()
}

// weigh returns the bytes of ns, at most what the semaphore can give at all.
func weigh(ns []pipeline.Notification) int64 {
	size := 0
	for i := range ns {
		size += len(ns[i].Body)
	}
	return int64(min(size, maxInFlight))
}

// sort decides where one item goes: to RAW, to QUARANTINE, or nowhere but to a counter (I2).
func (e *emitter) sort(ctx context.Context, c *call, index int, n pipeline.Notification, item chime.Item) {
	e.metrics.received.Inc()
	if filtered, ok := errors.AsType[*chime.Filtered](item.Err); ok {
		e.metrics.filtered[filtered.Reason].Inc()
		return
	}
	if item.Err == nil && item.Record.Time == 0 {
		item.Record.Time = n.Received.UnixMilli()
	}
	note := journal.Notification{Record: item.Record, Source: e.id, Received: n.Received, Trace: n.Trace, Body: item.Body}
	switch limit := e.in.journal.MaxBody(); {
	case item.Err != nil:
		e.quarantine(ctx, c, index, note, item.Err)
	case len(item.Body) > limit:
		e.quarantine(ctx, c, index, note, tooLarge(len(item.Body), limit))
	default:
		c.units = append(c.units, unit{index: index, note: note})
	}
}

// store appends what was readable in one call, so that it shares a commit.
func (e *emitter) store(ctx context.Context, c *call) {
	msgs := make([]*nats.Msg, len(c.units))
	for i := range c.units {
		msgs[i] = e.in.journal.RawMessage(c.units[i].note)
	}
	for i, err := range pipeline.FailedAt(e.in.journal.AppendRaw(ctx, msgs), len(msgs)) {
		u := &c.units[i]
		switch {
		case err == nil:
			e.stored(u.note)
		case errors.Is(err, journal.ErrRefused):
			e.quarantine(ctx, c, u.index, u.note, &refusal{err.Error()})
		default:
			e.fail(c, u.index, fmt.Errorf("storing notification: %w", err))
		}
	}
}

func (e *emitter) stored(n journal.Notification) {
	e.metrics.stored.Inc()
	e.metrics.arrived(n.Received.Sub(time.UnixMilli(n.Time)))
}

// refusal is a body that was understood but is not to be had in the journal.
type refusal struct{ reason string }

func (r *refusal) Error() string { return r.reason }

// quarantine keeps the item whole with what is wrong about it.
func (e *emitter) quarantine(ctx context.Context, c *call, index int, n journal.Notification, cause error) {
	err := e.in.journal.Quarantine(ctx, journal.Quarantined{
		Source: e.id, Reason: cause.Error(), Received: n.Received, Trace: n.Trace, Body: n.Body,
	})
	if err != nil {
		e.fail(c, index, fmt.Errorf("storing in quarantine: %w", err))
		return
	}
	reason := reasonRefused
	if unreadable, ok := errors.AsType[*chime.Unreadable](cause); ok {
		reason = unreadable.Reason
	}
	e.metrics.quarantined[reason].Inc()
}

// fail notes that one item of a notification found no place; the first error of a notification is the one to be told.
func (e *emitter) fail(c *call, index int, err error) {
	e.metrics.failed.Inc()
	if c.errs[index] == nil {
		c.errs[index] = err
	}
}

func (c *call) result() error {
	var failed []pipeline.IndexError
	for i, err := range c.errs {
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
		}
	}
	if failed == nil {
		return nil
	}
	return &pipeline.BatchError{Failed: failed}
}
