package order_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/order"
)

// TestRecovery cuts a run at random steps: what left and was appended is restored, everything else is pushed again with its
// original time, and Due is asked at other instants. What left over all lives is what leaves without a cut.
func TestRecovery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := arrivals(t, 0)
		want, _ := run(t, newBuffer(unlimited), script)
		var appended []order.Entry[int]
		for range rapid.IntRange(0, 3).Draw(t, "cuts") {
			seen := script[:rapid.IntRange(0, len(script)).Draw(t, "cut")]
			out := live(t, appended, seen)
			appended = append(appended, out[:rapid.IntRange(0, len(out)).Draw(t, "appended")]...)
		}
		b, left := recovered(appended, script)
		out, _ := run(t, b, left)
		require.Equal(t, byKey(want), byKey(append(appended, out...)))
	})
}

// recovered returns a buffer that knows what was appended, and what of script is to be pushed again.
func recovered(appended []order.Entry[int], script []arrival) (*order.Buffer[int], []arrival) {
	b := newBuffer(unlimited)
	for _, e := range appended {
		b.Restore(e)
	}
	left := slices.DeleteFunc(slices.Clone(script), func(a arrival) bool {
		return slices.ContainsFunc(appended, func(e order.Entry[int]) bool { return e.ID == a.e.ID })
	})
	return b, left
}

// live is one life that ends before everything has left. It returns what left.
func live(t *rapid.T, appended []order.Entry[int], script []arrival) []order.Entry[int] {
	b, left := recovered(appended, script)
	var out []order.Entry[int]
	for _, a := range left {
		b.Push(instant(a.at), a.e)
		if rapid.Bool().Draw(t, "due") {
			out = b.Due(out, instant(a.at))
		}
	}
	return out
}

// TestRestoreOfAnotherMode restores events that left in no order, unmarked: what comes is judged by the newest of them.
func TestRestoreOfAnotherMode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := arrivals(t, 0)
		b := newBuffer(unlimited)
		last := script[len(script)-1].e
		newest, known := int64(0), false
		for _, a := range script[:len(script)-1] {
			b.Restore(a.e)
			if a.e.Key == last.Key {
				newest, known = max(newest, a.e.Time), true
			}
		}
		b.Push(instant(0), last)
		out := b.Due(nil, instant(window))
		require.Len(t, out, 1)
		if last.Time != newest {
			require.Equal(t, known && last.Time < newest, out[0].IsLate)
		}
	})
}
