package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/order"
)

// TestBufferAgainstModel compares what leaves, when, and how it is marked with the model, with and without limits that bite.
func TestBufferAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits, least := unlimited, int64(0)
		if rapid.Bool().Draw(t, "limited") {
			limits = order.Limits{Events: rapid.IntRange(0, 8).Draw(t, "limit"), Bytes: rapid.IntRange(0, 400).Draw(t, "bytes")}
			least = 1 // Which of two holds that end together is cut short is not promised.
		}
		script := arrivals(t, least)
		b, m := newBuffer(limits), newModel(limits)
		compareDue := func(now int64) {
			var want []order.Entry[int]
			for _, x := range m.due(now) {
				want = append(want, x.Entry)
			}
			require.Equal(t, byKey(want), byKey(b.Due(nil, instant(now))))
		}
		for i, a := range script {
			b.Push(instant(a.at), a.e)
			m.push(a.at, a.e)
			require.Len(t, m.held(), b.Held())
			require.Equal(t, m.forced, b.Forced())
			if rapid.Bool().Draw(t, "due") {
				next := a.at + 2*window
				if i+1 < len(script) {
					next = script[i+1].at
				}
				compareDue(rapid.Int64Range(a.at, next).Draw(t, "now"))
			}
		}
		compareDue(script[len(script)-1].at + window)
		require.Zero(t, b.Held())
	})
}

// run pushes script into b with Due at random instants between, and returns what left in order and when Due returned it.
func run(t *rapid.T, b *order.Buffer[int], script []arrival) (out []order.Entry[int], at []int64) {
	due := func(now int64) {
		out = b.Due(out, instant(now))
		for len(at) < len(out) {
			at = append(at, now)
		}
	}
	for i, a := range script {
		b.Push(instant(a.at), a.e)
		next := a.at + window
		if i+1 < len(script) {
			next = max(a.at, script[i+1].at)
		}
		if rapid.Bool().Draw(t, "due") {
			due(rapid.Int64Range(a.at, next).Draw(t, "now"))
		}
	}
	if len(script) > 0 {
		due(latest(script) + window)
	}
	return out, at
}

func latest(script []arrival) int64 {
	last := script[0].at
	for _, a := range script {
		last = max(last, a.at)
	}
	return last
}

// requireOnce expects every arrival once, unchanged but for the marks.
func requireOnce(t require.TestingT, script []arrival, out []order.Entry[int]) {
	require.Len(t, out, len(script))
	seen := map[int]bool{}
	for _, e := range out {
		require.False(t, seen[e.Payload], "twice")
		seen[e.Payload] = true
		e.First, e.IsLate, e.Late, e.Gap, e.Arrived = false, false, 0, "", 0
		require.Equal(t, script[e.Payload].e, e)
	}
}

// requireOrder expects of each meeting that an event is late exactly when something that it precedes left before it.
func requireOrder(t require.TestingT, out []order.Entry[int]) {
	for _, es := range byKey(out) {
		for i := range es {
			overtaken, newest := false, int64(0)
			for j := range es[:i] {
				overtaken = overtaken || before(&thing{Entry: es[i]}, &thing{Entry: es[j]})
				newest = max(newest, es[j].Time)
			}
			require.Equal(t, overtaken, es[i].IsLate)
			if es[i].IsLate {
				require.Equal(t, newest-es[i].Time, es[i].Late)
			}
		}
	}
}

// TestInvariants checks what is promised without looking at how it is done.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := arrivals(t, 0)
		out, at := run(t, newBuffer(unlimited), script)
		requireOnce(t, script, out)
		requireOrder(t, out)
		for i, e := range out {
			came := script[e.Payload].at
			if e.IsLate {
				requireMissed(t, script, out, e)
				continue
			}
			held := came+window <= at[i]
			for j := i + 1; j < len(out) && at[j] == at[i] && !held; j++ {
				held = out[j].Key == e.Key && !out[j].IsLate && script[out[j].Payload].at+window <= at[i]
			}
			require.True(t, held, "left before its hold ended, and before that of what it precedes")
		}
	})
}

// requireMissed expects that the hold of something that follows e had ended when e came, or, for an event that is first only
// because of another of its time, when that one came.
func requireMissed(t require.TestingT, script []arrival, out []order.Entry[int], e order.Entry[int]) {
	came := script[e.Payload].at
	if e.First {
		for _, a := range script {
			if a.e.Key == e.Key && a.e.Attendee == e.Attendee && a.e.Time == e.Time {
				came = max(came, a.at)
			}
		}
	}
	for _, f := range out {
		if f.Key == e.Key && before(&thing{Entry: e}, &thing{Entry: f}) && script[f.Payload].at+window <= came {
			return
		}
	}
	require.Fail(t, "late although it came within the hold of everything that follows it")
}

// TestBackwards lets log time jump about: events may be late, but none is lost, repeated or out of order unmarked.
func TestBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := arrivals(t, 0)
		for i := range script {
			script[i].at = rapid.Int64Range(-50, 50).Draw(t, "at")
		}
		b := newBuffer(unlimited)
		out := make([]order.Entry[int], 0, len(script))
		for _, a := range script {
			b.Push(instant(a.at), a.e)
			out = b.Due(out, instant(rapid.Int64Range(-60, 60).Draw(t, "now")))
		}
		out = b.Due(out, instant(50+window))
		requireOnce(t, script, out)
		requireOrder(t, out)
		require.Zero(t, b.Held())
	})
}

// TestNone expects mode none to pass everything on at once, in the order of arrival, and to remember nothing.
func TestNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := arrivals(t, 0)
		b := order.New[int](order.Config{Mode: order.ModeNone}, order.Limits{})
		for _, a := range script {
			b.Restore(instant(0), a.e)
			b.Push(instant(a.at), a.e)
			next, ok := b.Next()
			require.True(t, ok)
			require.False(t, next.After(instant(a.at)))
			require.Equal(t, []order.Entry[int]{a.e}, b.Due(nil, instant(a.at)))
			require.True(t, b.Forget(a.e.Key))
		}
		_, ok := b.Next()
		require.False(t, ok)
	})
}

// TestForget expects a meeting to stay while something of it is held, and to be unknown afterwards.
func TestForget(t *testing.T) {
	b := newBuffer(unlimited)
	late, early := entry(0, 0), entry(1, 1)
	late.Key, late.Time = "m", 2
	early.Key, early.Time = "m", 1
	require.True(t, b.Forget("m"))
	b.Push(instant(0), late)
	require.False(t, b.Forget("m"))
	next, ok := b.Next()
	require.True(t, ok)
	require.Equal(t, instant(window), next)
	require.Empty(t, b.Due(nil, next.Add(-time.Nanosecond)))
	require.Len(t, b.Due(nil, next), 1)
	b.Push(next, early)
	require.True(t, b.Due(nil, next)[0].IsLate)
	require.True(t, b.Forget("m"))
	b.Push(next, early)
	require.Empty(t, b.Due(nil, next))
	require.Len(t, b.Due(nil, next.Add(window*time.Millisecond)), 1)
}
