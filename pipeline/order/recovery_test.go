package order_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/order"
)

// TestRecovery cuts a run at random steps: what left and was appended is restored, late events perhaps behind all others,
// everything else is pushed again with its original time, and Due is asked at other instants. What left over all lives is
// what leaves without a cut.
func TestRecovery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := arrivals(t, 0)
		mode := func() *order.Buffer[int] { return newBuffer(unlimited) }
		want, _ := run(t, mode(), script)
		appended, out := lives(t, mode, script)
		require.Equal(t, byKey(want), byKey(append(appended, out...)))
	})
}

// lives runs script over several lives. It returns what the lives before the last one appended, and what left in the last.
func lives(t *rapid.T, mode func() *order.Buffer[int], script []arrival) (appended, out []order.Entry[int]) {
	aside := rapid.Bool().Draw(t, "late events are kept aside")
	for range rapid.IntRange(0, 3).Draw(t, "cuts") {
		seen := script[:rapid.IntRange(0, len(script)).Draw(t, "cut")]
		out := live(t, mode(), appended, seen, aside)
		appended = append(appended, out[:rapid.IntRange(0, len(out)).Draw(t, "appended")]...)
	}
	b := mode()
	out, _ = run(t, b, relive(b, appended, script, aside))
	return appended, out
}

// relive tells b what was appended, and returns what of script is to be pushed again.
func relive(b *order.Buffer[int], appended []order.Entry[int], script []arrival, aside bool) []arrival {
	for _, e := range history(appended, aside) {
		b.Restore(instant(0), e)
	}
	return slices.DeleteFunc(slices.Clone(script), func(a arrival) bool {
		return slices.ContainsFunc(appended, func(e order.Entry[int]) bool { return e.ID == a.e.ID })
	})
}

// history returns what is to be restored, late events behind all others if they are kept aside.
func history(appended []order.Entry[int], aside bool) []order.Entry[int] {
	restored := slices.Clone(appended)
	if !aside {
		return restored
	}
	slices.SortStableFunc(restored, func(a, b order.Entry[int]) int {
		switch {
		case !a.IsLate && b.IsLate:
			return -1
		case a.IsLate && !b.IsLate:
			return 1
		}
		return 0
	})
	return restored
}

// live is one life that ends before everything has left. It returns what left.
func live(t *rapid.T, b *order.Buffer[int], appended []order.Entry[int], script []arrival, aside bool) []order.Entry[int] {
	var out []order.Entry[int]
	for _, a := range relive(b, appended, script, aside) {
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
			b.Restore(instant(0), a.e)
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
