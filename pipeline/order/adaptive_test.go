package order_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/order"
)

// feed sends n events of two meetings at a time through a buffer in mode adaptive, one every 100 ms beginning with number from, over two
// sources with the same delays, and returns the window at the end. The clock of the event times is behind by skew.
func feed(b *order.Buffer[int], from, n int, skew time.Duration, delay func(dice *rand.Rand) time.Duration) time.Duration {
	dice := rand.New(rand.NewPCG(uint64(from), 7))
	type arriving struct {
		at time.Time
		e  order.Entry[int]
	}
	var copies []arriving
	for i := from; i < from+n; i++ {
		at := start.Add(time.Duration(i) * 100 * time.Millisecond)
		for _, source := range []string{"queue", "topic"} {
			e := entry(i, uint16(i))
			e.Key, e.Kind, e.Attendee, e.Source, e.Time = strconv.Itoa(i/600*2+i%2), "chime:SomethingNew", "a", source, at.Add(-skew).UnixMilli()
			copies = append(copies, arriving{at.Add(delay(dice)), e})
		}
	}
	slices.SortStableFunc(copies, func(a, b arriving) int { return a.at.Compare(b.at) })
	known := map[int]bool{}
	for _, c := range copies {
		if known[c.e.Payload] {
			b.Copy(c.at, c.e)
		} else {
			known[c.e.Payload] = true
			b.Push(c.at, c.e)
		}
		b.Due(nil, c.at)
	}
	return b.Window()
}

// steady is how both sources behave.
func steady(dice *rand.Rand) time.Duration {
	return 100*time.Millisecond + time.Duration(dice.ExpFloat64()*float64(100*time.Millisecond))
}

// TestAdaptiveBounds expects the window to begin where it is told to and to stay within its bounds.
func TestAdaptiveBounds(t *testing.T) {
	for name, c := range map[string]struct{ window, begins, low, high time.Duration }{
		"begins with window": {2 * time.Second, 2 * time.Second, 0, 0},
		"not below min":      {time.Millisecond, time.Second, time.Second, time.Minute},
		"not above max":      {time.Minute, 100 * time.Millisecond, 0, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			o := order.DefaultConfig()
			o.Mode, o.Window = order.ModeAdaptive, c.window
			if c.high > 0 {
				o.Adaptive = order.AdaptiveConfig{Min: max(c.low, time.Millisecond), Max: c.high}
			}
			b := order.New[int](o, unlimited)
			require.Equal(t, c.begins, b.Window())
			if c.high == 0 {
				return
			}
			w := feed(b, 0, 3000, 0, func(dice *rand.Rand) time.Duration {
				return time.Duration(dice.ExpFloat64() * float64(20*time.Millisecond))
			})
			require.GreaterOrEqual(t, w, c.low)
			require.LessOrEqual(t, w, c.high)
		})
	}
}

// TestAdaptiveDoesNotCareForTheDifferenceOfClocks shifts the clock of the router, also backwards, and expects nearly the same
// window.
func TestAdaptiveDoesNotCareForTheDifferenceOfClocks(t *testing.T) {
	want := feed(buffer(order.ModeAdaptive), 0, 6000, 0, steady)
	t.Logf("window %s", want)
	require.Greater(t, want, order.DefaultConfig().Adaptive.Min)
	for _, skew := range []time.Duration{-3 * time.Second, 5 * time.Second, 24 * time.Hour, -24 * time.Hour} {
		require.InEpsilon(t, want, feed(buffer(order.ModeAdaptive), 0, 6000, skew, steady), 0.05, "skewed by %s", skew)
	}
}

// TestAdaptiveAfterAClockStep steps the clock of the event times in the middle and expects the window to be as before a quarter of an
// hour later.
func TestAdaptiveAfterAClockStep(t *testing.T) {
	for _, step := range []time.Duration{20 * time.Second, -20 * time.Second, time.Hour, -time.Hour} {
		b := buffer(order.ModeAdaptive)
		before := feed(b, 0, 6000, 0, steady)
		after := feed(b, 6000, 9000, step, steady)
		t.Logf("window %s, then %s", before, after)
		require.InEpsilon(t, before, after, 0.15, "stepped by %s", step)
	}
}

// TestAdaptiveSeesWhatIsNotIndependent lets one event in a hundred come late over all paths at once, which no product of tails
// explains.
func TestAdaptiveSeesWhatIsNotIndependent(t *testing.T) {
	n := 0
	late := func(dice *rand.Rand) time.Duration {
		n++
		if (n-1)/2%100 == 0 {
			return 8 * time.Second
		}
		return steady(dice)
	}
	require.Less(t, feed(buffer(order.ModeAdaptive), 0, 6000, 0, steady), 2*time.Second)
	require.Greater(t, feed(buffer(order.ModeAdaptive), 0, 6000, 0, late), 7*time.Second)
}

// TestAdaptiveInvariants expects of windows that move what is expected of one that stands still: everything once, in order or
// marked, and late only behind something whose hold had ended.
func TestAdaptiveInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := config(order.ModeAdaptive)
		c.Adaptive = order.AdaptiveConfig{Min: time.Millisecond, Max: 10 * time.Second}
		b := order.New[int](c, unlimited)
		script := arrivals(t, 0)
		pace := rapid.Int64Range(1, 2000).Draw(t, "pace")
		holds := make([]int64, len(script))
		var out []order.Entry[int]
		for i := range script {
			script[i].at *= pace
			b.Push(instant(script[i].at), script[i].e)
			holds[i] = b.Window().Milliseconds()
			out = b.Due(out, instant(script[i].at))
		}
		out = b.Due(out, instant(latest(script)+60_000))
		requireOnce(t, script, out)
		requireOrder(t, out)
		for _, e := range out {
			if e.IsLate && !e.First {
				requireEnded(t, script, holds, out, e)
			}
		}
	})
}

// requireEnded expects that the hold of something that follows e had ended when e came.
func requireEnded(t require.TestingT, script []arrival, holds []int64, out []order.Entry[int], e order.Entry[int]) {
	for _, f := range out {
		if f.Key == e.Key && before(&thing{Entry: e}, &thing{Entry: f}) && script[f.Payload].at+holds[f.Payload] <= script[e.Payload].at {
			return
		}
	}
	require.Fail(t, "late although it came within the hold of everything that follows it")
}
