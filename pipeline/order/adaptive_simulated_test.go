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

// adapted is how the window of mode adaptive compared, in some runs of a profile, with the smallest fixed one that would do.
// first is five minutes after the first event of a run, when meetings begin one by one; five is after five minutes of a router
// that starts in the middle of the run; mean is that of the run, and off by how much it was off at worst.
type adapted struct {
	smallest               time.Duration
	first, five, mean, off []float64
}

// play plays a run and returns what left.
func (a *adapted) play(s *simulated) []left {
	a.smallest = s.smallest(order.DefaultConfig().Adaptive.Max)
	var whole, middle watched
	out := s.play(buffer(order.ModeAdaptive), s.copies, func(at time.Time, window time.Duration) { whole.look(at, window, a.smallest) })
	s.play(buffer(order.ModeAdaptive), s.between(time.Hour, 66*time.Minute), func(at time.Time, window time.Duration) { middle.look(at, window, a.smallest) })
	a.first, a.five = append(a.first, ratio(whole.afterFive, a.smallest)), append(a.five, ratio(middle.afterFive, a.smallest))
	a.mean, a.off = append(a.mean, ratio(whole.mean(), a.smallest)), append(a.off, whole.worst)
	return out
}

// require expects of each run the window to be within 20 % of the smallest after five minutes of its traffic, and the mean to be
// close. In the first five minutes of a run so few events happen that nobody can know.
func (a *adapted) require(t *testing.T) {
	t.Helper()
	for run := range a.mean {
		require.InDelta(t, 1, a.five[run], 0.2, "run %d", run)
		require.InDelta(t, 1, a.mean[run], 0.1, "run %d", run)
		require.Less(t, a.off[run], 0.25, "run %d", run)
	}
}

func (a adapted) String() string {
	return fmt.Sprintf("window over the smallest, %v: after five minutes of traffic %s, five minutes after the first event %s, mean %s, furthest off after twenty minutes %s",
		a.smallest.Round(time.Millisecond), spread(a.five), spread(a.first), spread(a.mean), spread(a.off))
}

// watched is what was seen of the window in a run.
type watched struct {
	first     time.Time
	afterFive time.Duration
	sum       time.Duration
	looks     int
	worst     float64 // how far off the smallest that would do, as a share of it
}

// look takes one look. A profile needs time to come up to its traffic: from five minutes on the window counts, from twenty on also
// the worst of it.
func (w *watched) look(at time.Time, window, smallest time.Duration) {
	if w.first.IsZero() {
		w.first = at
	}
	age := at.Sub(w.first)
	if age < 5*time.Minute {
		return
	}
	if w.afterFive == 0 {
		w.afterFive = window
	}
	w.sum += window
	w.looks++
	if off := math.Abs(float64(window)/float64(smallest) - 1); age > 20*time.Minute {
		w.worst = max(w.worst, off)
	}
}

func (w *watched) mean() time.Duration { return w.sum / time.Duration(w.looks) }

// between returns the copies that arrive in a part of the run.
func (s *simulated) between(from, to time.Duration) []copied {
	at := func(d time.Duration) int {
		i, _ := slices.BinarySearchFunc(s.copies, epoch.Add(d), func(c copied, at time.Time) int { return c.at.Compare(at) })
		return i
	}
	return s.copies[at(from):at(to)]
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// spread writes mean, least and most.
func spread(xs []float64) string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", average(xs), slices.Min(xs), slices.Max(xs))
}

func average(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// TestAdaptiveFollowsAChange runs one profile after another and looks at the window half an hour later.
func TestAdaptiveFollowsAChange(t *testing.T) {
	for _, names := range [][2]string{{"calm", "aws"}, {"aws", "calm"}, {"aws", "skewed"}, {"skewed", "aws"}, {"calm", "storm"}, {"storm", "calm"}} {
		t.Run(names[0]+" to "+names[1], func(t *testing.T) {
			t.Parallel()
			b := buffer(order.ModeAdaptive)
			before, after := published(t, names[0], 1), published(t, names[1], 2)
			before.Meetings, before.Duration = 300, 90*time.Minute
			after.Meetings, after.Duration, after.Start = 300, 90*time.Minute, before.Start.Add(before.Duration)
			first := simulation(t, before)
			first.play(b, first.copies, func(time.Time, time.Duration) {})
			s := simulation(t, after)
			smallest := s.smallest(order.DefaultConfig().Adaptive.Max)
			settled, looks, sum := after.Start.Add(30*time.Minute), 0, time.Duration(0)
			s.play(b, s.copies, func(at time.Time, window time.Duration) {
				if at.After(settled) {
					sum += window
					looks++
				}
			})
			mean := sum / time.Duration(looks)
			t.Logf("smallest %v, mean from half an hour on %v", smallest.Round(time.Millisecond), mean.Round(time.Millisecond))
			require.InDelta(t, 1, ratio(mean, smallest), 0.2)
		})
	}
}
