package order_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/order"
	"carillon/pipeline/simulate"
)

// seeds is how many runs of each profile are made; the published figures have 20.
var seeds = flag.Int("seeds", 1, "runs of each disorder profile")

// copied is one arrival of one event.
type copied struct {
	at    time.Time
	event int
	first bool
	path  simulate.Path
}

// simulated is a profile with its truth and the arrivals of all copies.
type simulated struct {
	simulate.Profile
	truth   simulate.Truth
	plan    []simulate.Delivery
	copies  []copied
	entries []order.Entry[int]
	arrived []time.Time // first copy of each event; zero when no path carried it
}

func simulation(tb testing.TB, p simulate.Profile) *simulated {
	tb.Helper()
	truth, err := simulate.Generate(p)
	require.NoError(tb, err)
	s := &simulated{Profile: p, truth: truth, plan: simulate.Plan(p, truth), arrived: make([]time.Time, len(truth.Events))}
	for _, d := range s.plan {
		c := copied{at: d.At, event: d.Event, first: s.arrived[d.Event].IsZero(), path: d.Path}
		if c.first {
			s.arrived[d.Event] = d.At
		}
		s.copies = append(s.copies, c)
	}
	for i := range truth.Events {
		s.entries = append(s.entries, s.entry(i))
	}
	return s
}

func (s *simulated) entry(i int) order.Entry[int] {
	e := &s.truth.Events[i]
	x := entry(i, uint16(i*40503))
	x.Key, x.Kind, x.Attendee, x.Time = e.MeetingID, e.Kind, e.AttendeeID, e.Time
	if bytes.Contains(e.Detail, []byte("aws:MediaPipeline-")) {
		x.Role = pipeline.RoleService
	}
	return x
}

// left is an event that left, and when.
type left struct {
	order.Entry[int]
	at time.Time
}

// play sends all copies through b and returns what left. look is called before each arrival.
func (s *simulated) play(b *order.Buffer[int], look func(at time.Time, window time.Duration)) []left {
	var out []left
	due := func(now time.Time) {
		for _, e := range b.Due(nil, now) {
			out = append(out, left{e, now})
		}
	}
	for _, x := range s.copies {
		for next, ok := b.Next(); ok && !next.IsZero() && next.Before(x.at); next, ok = b.Next() {
			due(next)
		}
		look(x.at, b.Window())
		e := s.entries[x.event]
		e.Source = string(x.path)
		if x.first {
			b.Push(x.at, e)
		} else {
			b.Copy(x.at, e)
		}
		due(x.at)
	}
	for next, ok := b.Next(); ok; next, ok = b.Next() {
		due(next)
	}
	return out
}

// report scores what left.
func (s *simulated) report(window time.Duration, out []left) (*simulate.Score, simulate.Report) {
	bodies := make([][]byte, len(s.truth.Events))
	for _, d := range s.plan {
		bodies[d.Event] = d.Body
	}
	score := simulate.NewScore(s.truth, s.plan, window, 0)
	for i, e := range out {
		score.Add(simulate.Output{
			ID: e.ID.String(), Kind: e.Kind, Key: e.Key, Attendee: e.Attendee, TimeMS: e.Time, Sequence: uint64(i + 1),
			Late: e.IsLate, LateMS: e.Late, Received: s.arrived[e.Payload], Accepted: e.at, Body: bodies[e.Payload],
		})
	}
	return score, score.Report(simulate.Observed{})
}

// lateShare returns the share of events that come too late for a window, by the distributions that the profile draws from.
func (s *simulated) lateShare(window, limit time.Duration) float64 {
	longer := func(x time.Duration) float64 {
		share := 1.0
		for _, p := range s.Paths {
			sigma := math.Log(float64(p.P99)/float64(p.Median)) / 2.3263478740408408
			q := 1.0
			if x > p.Skew {
				q = math.Erfc(math.Log(float64(x-p.Skew)/float64(p.Median))/sigma/math.Sqrt2) / 2
			}
			share *= p.Loss + (1-p.Loss)*q
		}
		return share
	}
	skew := s.Paths[0].Skew
	sum, n := 0.0, 0
	for _, m := range s.truth.Meetings {
		earliest := int64(math.MaxInt64)
		for i := m.To - 1; i >= m.From; {
			k := i
			for k >= m.From && s.truth.Events[k].Time == s.truth.Events[i].Time {
				k--
			}
			for j := k + 1; j <= i; j++ {
				n++
				if earliest == math.MaxInt64 {
					continue
				}
				after := time.Duration(earliest - s.truth.Events[j].Time*1e6)
				if x := window + after; x < limit+skew {
					sum += longer(x) - longer(limit+skew)
				}
			}
			for j := k + 1; j <= i; j++ {
				if !s.arrived[j].IsZero() {
					earliest = min(earliest, s.arrived[j].UnixNano())
				}
			}
			i = k
		}
	}
	return sum / float64(n)
}

// smallest returns the smallest fixed window, up to max, for which no more than 10 events per million of those that arrive within
// max come too late.
func (s *simulated) smallest(limit time.Duration) time.Duration {
	lo, hi := time.Duration(0), limit
	for range 16 {
		mid := (lo + hi) / 2
		if s.lateShare(mid, limit) > 10e-6 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// published returns a published profile of one seed.
func published(tb testing.TB, name string, seed int) simulate.Profile {
	tb.Helper()
	all := simulate.Profiles(uint64(seed), epoch)
	i := slices.IndexFunc(all, func(p simulate.Published) bool { return p.Name == name })
	require.GreaterOrEqual(tb, i, 0, name)
	return all[i].Profile
}

// epoch is when the simulations start.
var epoch = time.UnixMilli(1_790_000_000_000)

func buffer(mode order.Mode) *order.Buffer[int] {
	c := order.DefaultConfig()
	c.Mode = mode
	return order.New[int](c, unlimited)
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

// TestAdaptiveFindsTheSmallestWindow compares the window of mode adaptive with the smallest fixed one that would do, which is
// computed from the distributions of the profile. "outage" is not one of these: what it does is only reported.
func TestAdaptiveFindsTheSmallestWindow(t *testing.T) {
	limit := order.DefaultConfig().Adaptive.Max
	for _, name := range []string{"calm", "aws", "storm", "skewed", "outage"} {
		t.Run(name, func(t *testing.T) {
			var five, mean, worst []float64
			late, events := 0, 0
			for seed := range *seeds {
				s := simulation(t, published(t, name, seed))
				smallest := s.smallest(limit)
				var w watched
				out := s.play(buffer(order.ModeAdaptive), func(at time.Time, window time.Duration) { w.look(at, window, smallest) })
				five, mean = append(five, ratio(w.afterFive, smallest)), append(mean, ratio(w.mean(), smallest))
				worst = append(worst, w.worst)
				require.Len(t, out, len(s.carried()))
				for _, e := range out {
					if e.at.Sub(epoch) > 5*time.Minute {
						events++
						if e.IsLate {
							late++
						}
					}
				}
				t.Logf("seed %d: smallest %v, after five minutes %v, mean %v, furthest off after twenty minutes %.0f %%",
					seed, smallest.Round(time.Millisecond), w.afterFive.Round(time.Millisecond), w.mean().Round(time.Millisecond), 100*w.worst)
			}
			t.Logf("window over the smallest: after five minutes %s; mean of the run %s; furthest off after twenty minutes %s; late %d of %d",
				spread(five), spread(mean), spread(worst), late, events)
			if name == "outage" {
				return
			}
			require.InDelta(t, 1, average(five), 0.2)
			for i := range mean {
				require.InDelta(t, 1, mean[i], 0.1, "seed %d", i)
				require.Less(t, worst[i], 0.25, "seed %d", i)
			}
		})
	}
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

// carried returns the events that a path carried.
func (s *simulated) carried() []int {
	var out []int
	for i, at := range s.arrived {
		if !at.IsZero() {
			out = append(out, i)
		}
	}
	return out
}

// TestAdaptiveFollowsAChange runs one profile after another and looks at the window half an hour later.
func TestAdaptiveFollowsAChange(t *testing.T) {
	for _, names := range [][2]string{{"calm", "aws"}, {"aws", "calm"}, {"aws", "skewed"}, {"skewed", "aws"}, {"calm", "storm"}, {"storm", "calm"}} {
		t.Run(names[0]+" to "+names[1], func(t *testing.T) {
			b := buffer(order.ModeAdaptive)
			before, after := published(t, names[0], 1), published(t, names[1], 2)
			before.Meetings, before.Duration = 300, 90*time.Minute
			after.Meetings, after.Duration, after.Start = 300, 90*time.Minute, before.Start.Add(before.Duration)
			simulation(t, before).play(b, func(time.Time, time.Duration) {})
			s := simulation(t, after)
			smallest := s.smallest(order.DefaultConfig().Adaptive.Max)
			settled, looks, sum := after.Start.Add(30*time.Minute), 0, time.Duration(0)
			s.play(b, func(at time.Time, window time.Duration) {
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

// TestModesOnProfiles plays the published profiles through the modes: in causal no more lifecycle violations than in time, but
// for those that nobody could have seen, at no delay for half of the events and never more than the window.
func TestModesOnProfiles(t *testing.T) {
	for _, name := range []string{"calm", "aws", "storm", "outage", "skewed"} {
		t.Run(name, func(t *testing.T) {
			sums := map[order.Mode]*figures{}
			modes := []order.Mode{order.ModeNone, order.ModeTime, order.ModeCausal, order.ModeAdaptive}
			for _, mode := range modes {
				sums[mode] = &figures{}
			}
			for seed := range *seeds {
				s := simulation(t, published(t, name, seed))
				for _, mode := range modes {
					sums[mode].add(s, s.play(buffer(mode), func(time.Time, time.Duration) {}))
				}
			}
			for _, mode := range modes {
				t.Logf("%-8s %s", mode, sums[mode])
			}
			causal, inTime := sums[order.ModeCausal], sums[order.ModeTime]
			require.LessOrEqual(t, causal.violations-causal.unseen, inTime.violations)
			require.Zero(t, causal.lag(0.5))
			require.LessOrEqual(t, causal.lag(1), order.DefaultConfig().Window)
			require.Zero(t, inTime.unjust+sums[order.ModeCausal].lost+inTime.lost+sums[order.ModeAdaptive].lost)
		})
	}
}

// figures are those of one mode over all seeds.
type figures struct {
	events, violations, unseen, inversions, late, gaps, unjust, lost int
	lags                                                             []time.Duration
}

func (f *figures) add(s *simulated, out []left) {
	score, r := s.report(order.DefaultConfig().Window, out)
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
}

func (f *figures) lag(q float64) time.Duration {
	slices.Sort(f.lags)
	return f.lags[max(0, int(math.Ceil(q*float64(len(f.lags))))-1)]
}

func (f *figures) String() string {
	per := func(n int) float64 { return 1e6 * float64(n) / float64(f.events) }
	return fmt.Sprintf("per million: violations %.0f, unseen of these %.0f, inversions %.0f, late %.0f, gaps %.0f; added latency p50 %v p99 %v max %v",
		per(f.violations), per(f.unseen), per(f.inversions), per(f.late), per(f.gaps), f.lag(0.5), f.lag(0.99).Round(time.Millisecond), f.lag(1).Round(time.Millisecond))
}
