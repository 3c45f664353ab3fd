package sqs

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	firstPause = 200 * time.Millisecond
	longPause  = 20 * time.Second
)

// pauses grows from firstPause to longPause, with full jitter: each is anything from nothing to its bound.
type pauses struct{ bounds backoff.ExponentialBackOff }

func newPauses() *pauses {
	return &pauses{bounds: backoff.ExponentialBackOff{
		// The library spreads around its interval, so half of the bound, spread by all of it, is full jitter.
		InitialInterval: firstPause / 2, MaxInterval: longPause / 2, Multiplier: 2, RandomizationFactor: 1,
	}}
}

// next returns the next pause, at least as long as least.
func (p *pauses) next(least time.Duration) time.Duration { return max(least, p.bounds.NextBackOff()) }

// reset starts again with the shortest.
func (p *pauses) reset() { p.bounds.Reset() }

// sleep waits for d; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
