package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline/telemetry"
)

const (
	// spaceTick is how often fill is measured.
	spaceTick = 2 * time.Second
	// shortTick is the same while space is short: events and records wait for it.
	shortTick = 200 * time.Millisecond
	// purgeEvery is how much time passes between purges by age; one for space needs no waiting.
	purgeEvery = 30 * time.Second
)

// reserve is what appends of events leave free, so that fences and purges always go through.
func reserve(limit uint64) uint64 { return min(limit/16, 64<<20) }

// pressure is the fill from which EVENTS and RAW are purged before their age asks for it.
func pressure(limit uint64) uint64 { return limit - 3*reserve(limit) }

// toUnsigned returns a limit of the configuration, which Validate keeps positive, as the server counts bytes.
func toUnsigned(limit int64) uint64 { return uint64(max(limit, 0)) }

// keepSpace measures and purges until ctx ends. It needs neither lease nor fence: purging is what frees space, and doing it
// twice does no harm.
func (j *Journal) keepSpace(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	var purged time.Time
	age, begin := ageClock{patience: j.patience()}, time.Now()
	for {
		select {
		case <-next.C:
		case <-ctx.Done():
			return
		}
		due := time.Since(purged) >= purgeEvery
		if due {
			purged = time.Now()
		}
		now := age.believed(j.set.Clock(), time.Since(begin))
		if err := j.spaceOnce(ctx, now, due); err != nil && ctx.Err() == nil {
			j.set.Logger.DebugContext(ctx, "space not measured", telemetry.Err(err))
		}
		if j.short.Load() {
			next.Reset(shortTick)
		} else {
			next.Reset(spaceTick)
		}
	}
}

// patience is how long the clocks must agree before anything is purged for its age.
func (j *Journal) patience() time.Duration {
	keep := j.stream.Retention
	if j.stream.RawKeep > 0 {
		keep = min(keep, j.stream.RawKeep)
	}
	return patience(keep)
}

// spaceOnce measures every stream, and purges when it is due or space is short. now is the time that ages are computed from,
// zero when the clock cannot be believed.
func (j *Journal) spaceOnce(ctx context.Context, now time.Time, due bool) error {
	states, err := j.measure(ctx)
	if err != nil {
		return err
	}
	events, raw := states[j.names.events()], states[j.names.raw()]
	short := j.room.wanting() || events.Bytes > pressure(toUnsigned(int64(j.stream.MaxBytes)))
	shortRaw := raw.Bytes > pressure(toUnsigned(int64(rawBytes(j.stream)))) || errors.Is(j.writable(needAppend), ErrFull)
	j.short.Store(short || shortRaw)
	if !due && !short && !shortRaw {
		return nil
	}
	if due {
		// Purging must not wait for it: what was not forgotten now is forgotten at the next look.
		if err := j.reviewSinks(ctx, now); err != nil {
			j.set.Logger.DebugContext(ctx, "sinks not reviewed", telemetry.Err(err))
		}
	}
	floors, err := j.rawFloors(ctx)
	if err != nil {
		return err
	}
	if err := j.purgeRaw(ctx, floors, now, shortRaw); err != nil {
		return err
	}
	return j.purgeEvents(ctx, floors, now, short)
}

// measure asks for the state of every stream and tells the metrics and the appends.
func (j *Journal) measure(ctx context.Context) (map[string]jetstream.StreamState, error) {
	labels := map[string]string{
		j.names.raw(): "raw", j.names.events(): "events", j.names.late(): "late", j.names.quarantine(): "quarantine", j.names.dead(): "dead",
	}
	states := make(map[string]jetstream.StreamState, len(labels))
	mark := j.room.mark()
	for name, label := range labels {
		info, err := j.streams[name].Info(ctx)
		if err != nil {
			return nil, fmt.Errorf("measuring stream %s: %w", name, err)
		}
		states[name] = info.State
		j.metrics.bytes.WithLabelValues(label).Set(float64(info.State.Bytes))
		j.metrics.messages.WithLabelValues(label).Set(float64(info.State.Msgs))
		j.metrics.limit.WithLabelValues(label).Set(float64(info.Config.MaxBytes))
		j.metrics.fill.WithLabelValues(label).Set(fillOf(info))
	}
	events, limit := states[j.names.events()], toUnsigned(int64(j.stream.MaxBytes))
	j.room.measured(mark, int64(limit-reserve(limit))-int64(events.Bytes)) //nolint:gosec // no disk holds what would overflow
	j.observeOldest(events)
	return states, nil
}

// fillOf returns which part of its bytes a stream holds; 0 for one that somebody gave no bound.
func fillOf(info *jetstream.StreamInfo) float64 {
	if info.Config.MaxBytes <= 0 {
		return 0
	}
	return float64(info.State.Bytes) / float64(info.Config.MaxBytes)
}

func (j *Journal) observeOldest(events jetstream.StreamState) {
	if events.Msgs == 0 {
		j.metrics.oldest.Set(0)
		return
	}
	j.metrics.oldest.Set(float64(events.FirstTime.UnixMilli()) / 1000)
}
