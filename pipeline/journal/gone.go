package journal

import (
	"context"
	"errors"
	"sync"
	"time"

	"carillon/pipeline/telemetry"
)

// sinkWatch looks for sinks that are in no configuration any more: their position holds back purging, so somebody must be told,
// and they must be forgotten one day.
type sinkWatch struct {
	mu          sync.Mutex
	on          bool
	configured  map[string]bool
	forgetAfter time.Duration
	told        map[string]bool
}

// WatchSinks tells which sinks are configured, and reports those that are not and still have a position. From now on one that was
// missing for longer than forgetAfter is forgotten, 0: never. The sinks have been started.
func (j *Journal) WatchSinks(ctx context.Context, configured []string, forgetAfter time.Duration) error {
	w := &j.sinks
	w.mu.Lock()
	w.on, w.forgetAfter, w.configured, w.told = true, forgetAfter, map[string]bool{}, map[string]bool{}
	for _, id := range configured {
		w.configured[id] = true
	}
	w.mu.Unlock()
	return j.reviewSinks(ctx, time.Time{})
}

// reviewSinks notes since when a sink is missing, and forgets those that are missing for too long. now is zero while the clock
// cannot be believed: then nothing is noted and nobody forgotten. Routers that share the journal and do not agree about a sink do
// not forget it: each note of one is taken back by the other.
func (j *Journal) reviewSinks(ctx context.Context, now time.Time) error {
	w := &j.sinks
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.on {
		return nil
	}
	states, err := j.Sinks(ctx)
	if err != nil {
		return err
	}
	gone := 0
	for _, s := range states {
		if w.configured[s.ID] {
			if !s.Gone.IsZero() {
				err = j.mark(ctx, s.ID, metaGone, "")
			}
		} else if err = j.missing(ctx, w, s, now); err == nil {
			gone++
		}
		if err != nil {
			return err
		}
	}
	j.metrics.gone.Set(float64(gone))
	return nil
}

// missing deals with a sink that is not configured.
func (j *Journal) missing(ctx context.Context, w *sinkWatch, s SinkState, now time.Time) error {
	if !w.told[s.ID] {
		w.told[s.ID] = true
		j.set.Logger.WarnContext(ctx, "sink is in no configuration any more: no event that it has not got is purged until it is forgotten",
			telemetry.Component("sink", s.ID), telemetry.Limit(w.forgetAfter))
	}
	switch {
	case now.IsZero():
		return nil
	case s.Gone.IsZero():
		return j.mark(ctx, s.ID, metaGone, now.UTC().Format(time.RFC3339))
	case w.forgetAfter <= 0 || now.Sub(s.Gone) < w.forgetAfter:
		return nil
	}
	err := j.ForgetSink(ctx, s.ID)
	if errors.Is(err, ErrDelivered) {
		return j.mark(ctx, s.ID, metaGone, "")
	}
	if err != nil {
		return err
	}
	j.set.Logger.WarnContext(ctx, "sink forgotten: it is missing from the configuration for too long",
		telemetry.Component("sink", s.ID), telemetry.Limit(w.forgetAfter))
	delete(w.told, s.ID)
	return nil
}
