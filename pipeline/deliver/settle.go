package deliver

import (
	"context"
	"errors"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

// settle takes what a worker brought back.
func (r *run) settle(ctx context.Context, res result) {
	r.flying--
	now := r.set.Clock()
	if res.cut {
		r.spare(res)
	} else {
		r.lanes.Lost(r.gate.settle(now, res.probe, res.items, res.errs))
	}
	v := r.lanes.Settle(now, res.items, res.errs)
	for i := range v.Accepted {
		r.accepted(&v.Accepted[i], now)
	}
	if len(v.Accepted) > 0 {
		r.metrics.success.Set(telemetry.Seconds(now))
	}
	for i := range v.Released {
		r.forget(&v.Released[i])
	}
	for class, n := range v.Failed {
		r.metrics.failed[class].Add(float64(n))
	}
	for i := range v.Answered {
		r.answered(ctx, &v.Answered[i])
	}
	if v.Fatal != nil {
		r.fail(v.Fatal)
	}
	if len(v.Dead) > 0 {
		r.bury = append(r.bury, v.Dead...)
		r.buryAll(ctx)
	}
	r.empty(res.items)
}

// spare lets nobody be charged for what our own stop cut short: neither the sink, which would seem to be away, nor the meetings.
func (r *run) spare(res result) {
	if res.probe {
		r.gate.cancel()
	}
	for i, err := range res.errs {
		if err == nil {
			continue
		}
		if class, _ := pipeline.Classify(err); class == pipeline.ClassRetry || class == pipeline.ClassThrottle {
			res.errs[i] = heldError{err}
		}
	}
}

func (r *run) accepted(i *Item, now time.Time) {
	r.forget(i)
	r.metrics.delivered.Inc()
	r.metrics.lag.Observe(max(now.Sub(i.Time), 0).Seconds())
	r.metrics.stay.Observe(max(now.Sub(i.Received), 0).Seconds())
}

// forget settles an event that left memory.
func (r *run) forget(i *Item) {
	if i.fed() {
		r.floor.Settle(i.Position)
		r.bytes -= len(i.Body)
	}
}

// buryAll stores the dead letters that wait. A lane goes on only after its own is stored (I5); when DEAD is full the sink
// waits, because the alternative is to lose the event.
func (r *run) buryAll(ctx context.Context) {
	r.again = nil
	for len(r.bury) > 0 {
		d := r.bury[0]
		err := r.store(ctx, journal.DeadLetter{
			Event: d.Event, Sink: r.set.ID, Reason: d.Cause.Error(), Excerpt: pipeline.Excerpt(d.Cause), Attempts: d.Attempts, Died: r.set.Clock(),
		})
		if err != nil {
			r.set.Logger.WarnContext(ctx, "dead letter not stored; the sink waits", telemetry.Err(err))
			r.again = time.After(buryRetry)
			return
		}
		r.set.Logger.WarnContext(ctx, "event given up", telemetry.Event(d.ID.String()), telemetry.Kind(d.Kind), telemetry.Attempts(d.Attempts), telemetry.Err(d.Cause))
		r.metrics.dead.Inc()
		r.forget(&r.bury[0].Item)
		left := r.lanes.Buried(d)
		for i := range left {
			r.forget(&left[i])
		}
		r.bury = r.bury[1:]
	}
}

// store puts a dead letter where it stays until somebody deals with it.
func (r *run) store(ctx context.Context, d journal.DeadLetter) error {
	err := r.set.Journal.AppendDead(ctx, d)
	if errors.Is(err, journal.ErrRefused) {
		d.Body, d.Stripped = nil, true // Too large with its reason: keep the record of it; EVENTS still has the body.
		err = r.set.Journal.AppendDead(ctx, d)
	}
	return err
}
