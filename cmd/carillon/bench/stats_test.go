package bench

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMedianAndQuantiles(t *testing.T) {
	require.Zero(t, median(nil))
	require.InDelta(t, 3, median([]float64{9, 1, 3}), 0)
	require.InDelta(t, 2, median([]float64{3, 1}), 0)
	require.Zero(t, quantiles(nil))
	times := make([]time.Duration, 1000)
	for i := range times {
		times[len(times)-1-i] = time.Duration(i+1) * time.Millisecond
	}
	require.Equal(t, Quantiles{P50: 500, P99: 990, P999: 999, Max: 1000}, quantiles(times))
}

func TestCostOfANotification(t *testing.T) {
	k := cost{notifications: 3000, commits: 8, wall: 2 * time.Second, cpu: 60 * time.Millisecond}
	require.InDelta(t, 1500, k.rate(), 0)
	require.InDelta(t, 20, k.each(), 0)
	require.InDelta(t, 500, k.perCommit(), 0)
}

func TestSummaryComparesPairs(t *testing.T) {
	at := func(rate int) cost { return cost{notifications: rate, commits: 1, wall: time.Second, cpu: time.Second} }
	s := summary([]pair{{at(50), at(100)}, {at(90), at(100)}, {at(400), at(1000)}})
	require.InDelta(t, 0.5, s.Ratio, 0)
	require.InDelta(t, 0.4, s.RatioLow, 0)
	require.InDelta(t, 0.9, s.RatioHigh, 0)
	require.InDelta(t, 90, s.Notifications, 0)
	require.InDelta(t, 30, s.Events, 0)
}

func TestGoal(t *testing.T) {
	g := newGoal("things")
	g.add(3)
	g.expect(2)
	failed := errors.New("failed")
	fail := make(chan error, 1)
	fail <- failed
	require.ErrorIs(t, g.wait(t.Context(), fail), failed)
	g.add(5)
	require.NoError(t, g.wait(t.Context(), fail))
	g.expect(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, g.wait(ctx, nil), context.Canceled)
}

func TestResidentSetIsWatched(t *testing.T) {
	w := watchResident()
	now, peak := resident()
	require.Positive(t, now)
	require.GreaterOrEqual(t, peak, now)
	require.Positive(t, w.stop())
}

func TestCPUTimeGrows(t *testing.T) {
	begin, err := readInstant()
	require.NoError(t, err)
	for n := 0; time.Since(begin.wall) < 20*time.Millisecond; n++ {
		_ = strconv.Itoa(n)
	}
	k, err := since(begin, 1)
	require.NoError(t, err)
	require.Positive(t, k.cpu)
	require.GreaterOrEqual(t, k.wall, 20*time.Millisecond)
}
