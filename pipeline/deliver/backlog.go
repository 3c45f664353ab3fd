package deliver

import (
	"context"
	"time"

	"carillon/pipeline/telemetry"
)

// backlogEvery is how often the journal is asked what a sink has not settled.
const backlogEvery = 5 * time.Second

// watchBacklog shows what the sink has not settled until ctx ends. It asks the journal, because nobody in this process knows it of a
// sink that stopped, or of a partition that is with another router or with none.
func (s *Sink) watchBacklog(ctx context.Context, clock func() time.Time) {
	tick := time.NewTicker(backlogEvery)
	defer tick.Stop()
	for {
		if behind, err := s.set.Journal.SinkBehind(ctx, s.set.ID); err == nil {
			s.metrics.backlog.Set(clock(), behind)
		} else if ctx.Err() == nil {
			s.set.Logger.DebugContext(ctx, "backlog not measured", telemetry.Err(err))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
