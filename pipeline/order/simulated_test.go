package order_test

import (
	"bytes"
	"flag"
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
	raw := make([]uint64, len(truth.Events))
	for _, d := range s.plan {
		c := copied{at: d.At, event: d.Event, first: s.arrived[d.Event].IsZero(), path: d.Path}
		if c.first {
			s.arrived[d.Event] = d.At
			raw[d.Event] = uint64(len(s.copies))
		}
		s.copies = append(s.copies, c)
	}
	for i := range truth.Events {
		s.entries = append(s.entries, s.entry(i))
		s.entries[i].Raw = raw[i]
	}
	for i := range s.plan {
		s.plan[i].Body = nil // Nobody reads it.
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

// left is an event that left, when, and for how long it was held at most.
type left struct {
	order.Entry[int]
	at     time.Time
	window time.Duration
}

// play sends copies through b and returns what left. look is called before each arrival.
func (s *simulated) play(b *order.Buffer[int], copies []copied, look func(at time.Time, window time.Duration)) []left {
	out, windows := make([]left, 0, len(copies)/2), make([]time.Duration, len(s.entries))
	var released []order.Entry[int]
	due := func(now time.Time) {
		released = b.Due(released[:0], now)
		for _, e := range released {
			out = append(out, left{e, now, windows[e.Payload]})
		}
	}
	for _, x := range copies {
		for next, ok := b.Next(); ok && !next.IsZero() && next.Before(x.at); next, ok = b.Next() {
			due(next)
		}
		look(x.at, b.Window())
		e := s.entries[x.event]
		e.Source = string(x.path)
		if x.first {
			b.Push(x.at, e)
			windows[x.event] = b.Window()
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

// report scores what left in a mode.
func (s *simulated) report(mode order.Mode, out []left) (*simulate.Score, simulate.Report) {
	score := simulate.NewScore(s.truth, s.plan, order.DefaultConfig().Window, 0)
	if mode == order.ModeCausal {
		score.ByLife()
	}
	for i := range out {
		e := &out[i]
		score.AddEvent(e.Payload, simulate.Output{
			ID: e.ID.String(), Kind: e.Kind, Key: e.Key, Attendee: e.Attendee, TimeMS: e.Time, Sequence: uint64(i + 1),
			Late: e.IsLate, LateMS: e.Late, Window: e.window, Received: s.arrived[e.Payload], Accepted: e.at,
		})
	}
	return score, score.Report(simulate.Observed{})
}

// published returns a published profile of one run, counted from 0: those of carillon bench.
func published(tb testing.TB, name string, run int) simulate.Profile {
	tb.Helper()
	all := simulate.Profiles(uint64(run)+1, epoch)
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
