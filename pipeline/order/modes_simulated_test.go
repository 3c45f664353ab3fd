package order_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/order"
)

// TestModesOnProfiles plays the published profiles through the modes, some runs of each, and holds the modes to what they
// promise: nothing lost, and nothing late without cause; what is asked of causal and adaptive is below.
func TestModesOnProfiles(t *testing.T) {
	for _, name := range []string{"calm", "aws", "storm", "outage", "skewed"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modes := []order.Mode{order.ModeNone, order.ModeTime, order.ModeCausal}
			seen := map[order.Mode]*figures{}
			var windows adapted
			for run := range *seeds {
				s := simulation(t, published(t, name, run))
				for _, mode := range modes {
					seen[mode] = seen[mode].add(s, mode, s.play(buffer(mode), s.copies, func(time.Time, time.Duration) {}))
				}
				seen[order.ModeAdaptive] = seen[order.ModeAdaptive].add(s, order.ModeAdaptive, windows.play(s))
			}
			for _, mode := range append(modes, order.ModeAdaptive) {
				t.Logf("%-8s %s", mode, seen[mode])
				require.Zero(t, seen[mode].lost, mode)
				require.Zero(t, seen[mode].unjust, mode)
			}
			requireCausal(t, seen[order.ModeCausal], seen[order.ModeTime])
			t.Log(windows)
			if name != "outage" { // What happens there is only reported: a path is gone.
				windows.require(t)
			}
		})
	}
}

// requireCausal expects no more lifecycle violations than in mode time, but for those that nobody could have seen, no delay for
// half of the events, and never more than the window.
func requireCausal(t *testing.T, causal, inTime *figures) {
	t.Helper()
	require.LessOrEqual(t, causal.violations-causal.unseen, inTime.violations)
	require.Zero(t, causal.lag(0.5))
	require.LessOrEqual(t, causal.lag(1), order.DefaultConfig().Window)
}

// figures are those of one mode over all seeds.
type figures struct {
	events, violations, unseen, inversions, late, gaps, unjust, lost int
	lags                                                             []time.Duration
}

// add adds a run and returns f, a new one when it is nil.
func (f *figures) add(s *simulated, mode order.Mode, out []left) *figures {
	if f == nil {
		f = &figures{}
	}
	score, r := s.report(mode, out)
	f.events += r.Delivered
	f.violations += r.LifecycleViolations
	f.unseen += score.UnseenSwaps()
	f.inversions += r.Inversions
	f.late += r.Late
	f.unjust += r.LateUnjustified
	f.lost += r.Lost + r.Duplicated
	for _, e := range out {
		if e.Gap != "" {
			f.gaps++
		}
		f.lags = append(f.lags, e.at.Sub(s.arrived[e.Payload]))
	}
	return f
}

func (f *figures) lag(q float64) time.Duration {
	slices.Sort(f.lags)
	return f.lags[max(0, int(math.Ceil(q*float64(len(f.lags))))-1)]
}

func (f *figures) String() string {
	per := func(n int) float64 { return 1e6 * float64(n) / float64(f.events) }
	return fmt.Sprintf("per million: violations %.0f, unseen of these %.0f, inversions %.0f, late %.0f (%d without cause), gaps %.0f; added latency p50 %v p99 %v max %v",
		per(f.violations), per(f.unseen), per(f.inversions), per(f.late), f.unjust, per(f.gaps), f.lag(0.5), f.lag(0.99).Round(time.Millisecond), f.lag(1).Round(time.Millisecond))
}
