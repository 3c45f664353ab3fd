package router

import (
	"context"

	"carillon/pipeline"
	"carillon/pipeline/telemetry"
)

// compareRetention warns when a source takes from something that remembers longer than EVENTS does. I3 holds for as long as
// copies are recognised: a queue that was left alone for longer, or is filled again from its dead letters, brings events back
// that nobody knows any more.
func (r *Router) compareRetention(ctx context.Context, s *source) {
	k, ok := s.src.(pipeline.Keeper)
	if !ok {
		return
	}
	if kept := k.Keeps(); kept > r.setup.Stream.Retention {
		r.set.Logger.WarnContext(ctx, "what this source takes from keeps notifications longer than copies are recognised: one that "+
			"comes later is delivered again as a new event; set stream.retention to as long", telemetry.Source(s.id),
			telemetry.Kept(kept), telemetry.Retention(r.setup.Stream.Retention))
	}
}
