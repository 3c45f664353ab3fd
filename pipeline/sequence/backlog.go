package sequence

import (
	"context"
	"log/slog"
	"time"

	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

// backlogEvery is how often the journal is asked what is not settled.
const backlogEvery = 5 * time.Second

// Partitions makes the series of n partitions.
func (m *Metrics) Partitions(n int) { m.backlog.Begin(n) }

// WatchBacklog shows what of RAW is not settled until ctx ends. It asks the journal, because a partition that nobody owns has no
// sequencer that could tell.
func (m *Metrics) WatchBacklog(ctx context.Context, j *journal.Journal, clock func() time.Time, logger *slog.Logger) {
	tick := time.NewTicker(backlogEvery)
	defer tick.Stop()
	for {
		if behind, err := j.RawBehind(ctx); err == nil {
			m.backlog.Set(clock(), behind)
		} else if ctx.Err() == nil {
			logger.DebugContext(ctx, "backlog not measured", telemetry.Err(err))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
