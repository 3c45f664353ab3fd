package sqs

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// observe counts a message that was received at now.
func (p *poller) observe(ctx context.Context, m *types.Message, now time.Time) {
	p.metrics.messages.Inc()
	if at := sent(m); !at.IsZero() {
		p.metrics.age.Observe(max(0, now.Sub(at)).Seconds())
		p.depth.received(at)
	}
	n, ok := receives(m)
	if ok {
		p.metrics.attempts.Observe(float64(n))
	}
	if !p.set.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	// The values of attributes are a part of the message, and so are not for the log.
	p.set.Logger.LogAttrs(ctx, slog.LevelDebug, "message received",
		slog.String(keyMessage, text(m.MessageId)), slog.Int(keyReceives, n),
		slog.String(keyGroup, m.Attributes[string(types.MessageSystemAttributeNameMessageGroupId)]),
		slog.Any(keyAttributes, slices.Sorted(maps.Keys(m.MessageAttributes))))
}
