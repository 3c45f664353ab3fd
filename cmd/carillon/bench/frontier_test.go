package bench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/order"
	"carillon/pipeline/simulate"
)

func TestModesAreThoseThatOrderAccepts(t *testing.T) {
	var names []order.Mode
	for _, c := range modes() {
		require.NoError(t, c.Validate())
		names = append(names, c.Mode)
	}
	require.Equal(t, []order.Mode{order.ModeNone, order.ModeTime, order.ModeCausal, order.ModeAdaptive}, names)
	for i, has := range []bool{false, true, true, false} {
		require.Equal(t, has, hasWindow(modes()[i]), names[i])
	}
}

func TestFrontier(t *testing.T) {
	o := tiny(t)
	o.Only = PartFrontier
	r := runTiny(t, o)
	require.Len(t, r.Frontier, 5*len(settings()))
	profiles := map[string]int{}
	for _, row := range r.Frontier {
		profiles[row.Profile]++
		require.Equal(t, o.Seeds, row.Seeds)
		require.Zero(t, row.Unjustified, "%+v", row)
		require.GreaterOrEqual(t, row.InversionsWorst, row.Inversions)
		require.GreaterOrEqual(t, row.ViolationsWorst, row.Violations)
		require.LessOrEqual(t, row.Unseen, row.Violations)
		require.LessOrEqual(t, row.Added.P99, row.Added.Max)
		switch order.Mode(row.Mode) {
		case order.ModeNone:
			require.Positive(t, row.Inversions)
			require.Zero(t, row.Added)
		case order.ModeTime:
			require.InDelta(t, row.WindowMS, row.Added.P50, 0.01)
			require.InDelta(t, row.WindowMS, row.Added.Max, 0.01, "no event waits longer than the window")
			if row.Profile == "calm" && row.WindowMS >= 5000 {
				require.Zero(t, row.Inversions)
			}
		case order.ModeCausal:
			require.Zero(t, row.Added.P50, "most events wait for nothing")
			require.LessOrEqual(t, row.Added.Max, row.WindowMS+0.01)
		case order.ModeAdaptive:
			require.Zero(t, row.WindowMS)
			require.LessOrEqual(t, row.Added.Max, millis(order.DefaultConfig().Adaptive.Max)+0.01)
		}
	}
	require.Len(t, profiles, 5)
}

// TestReplayIsAlwaysTheSame runs one profile twice.
func TestReplayIsAlwaysTheSame(t *testing.T) {
	once := func() quality {
		p := simulate.Profiles(5, time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))[2].Profile
		p.Meetings = 10
		r, err := newReplay(p)
		require.NoError(t, err)
		require.Less(t, len(r.plan), len(r.arrivals))
		first, err := r.run(orderOf(time.Second))
		require.NoError(t, err)
		second, err := r.run(orderOf(time.Second))
		require.NoError(t, err)
		require.Equal(t, first, second)
		return first
	}
	q := once()
	require.Equal(t, q, once())
	require.Equal(t, q.report.Events, q.report.Delivered)
	require.Positive(t, q.report.Late)
}
