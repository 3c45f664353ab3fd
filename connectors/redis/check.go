package redis

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Check implements pipeline.Checker: it pings, and sees that the key of the stream, if there is one for all meetings, holds one.
func (s *sink) Check(ctx context.Context) (string, error) {
	if err := s.Start(ctx); err != nil {
		return "", err
	}
	if err := s.client.Ping(ctx).Err(); err != nil {
		return "", fmt.Errorf("reaching Redis: %w (check url)", s.why(ctx, err))
	}
	if strings.Contains(s.stream, "{key}") {
		return "Redis, a stream for each meeting", nil
	}
	kind, err := s.client.Type(ctx, s.stream).Result()
	switch {
	case err != nil:
		return "", fmt.Errorf("looking at %q: %w (the user needs the commands type, xadd, multi and exec on it)", s.stream, s.why(ctx, err))
	case kind == "none":
		return fmt.Sprintf("Redis, stream %s comes with the first event", s.stream), nil
	case kind != "stream":
		return "", fmt.Errorf("%q holds a %s, not a stream: remove it, or correct stream", s.stream, kind)
	}
	return "Redis, stream " + s.stream, nil
}

// why says why a question got no answer. The client ends one at the end of ctx by itself, which is not the sink's own limit then.
func (s *sink) why(ctx context.Context, err error) error {
	outcome, err := explain(ctx, err, s.timeout)
	if end, bounded := ctx.Deadline(); outcome == timedOut && bounded && !time.Now().Before(end) {
		return context.DeadlineExceeded
	}
	return err
}
