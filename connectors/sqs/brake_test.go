package sqs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Failures that come side by side make one pause, those that come after it make longer ones, and one success ends all.
func TestBrake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, now := newBrake(), time.Unix(1_760_000_000, 0)
		bound := firstPause
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			for range rapid.IntRange(1, 100).Draw(t, "calls") {
				b.pull(now, 0)
			}
			left, on := b.left(now)
			require.True(t, on)
			require.LessOrEqual(t, left, bound+time.Nanosecond)
			if left > 0 {
				bound = min(2*bound, longPause)
			} else {
				bound = longPause // a pause of nothing is over at once, so that each call was a round
			}
			now = now.Add(left)
			_, on = b.left(now)
			require.True(t, on, "only a success ends it")
		}
		least := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "least"))
		b.pull(now, least)
		left, _ := b.left(now)
		require.GreaterOrEqual(t, left, least)
		b.release()
		left, on := b.left(now)
		require.False(t, on)
		require.Zero(t, left)
		b.pull(now, 0)
		left, _ = b.left(now)
		require.LessOrEqual(t, left, firstPause+time.Nanosecond)
	})
}
