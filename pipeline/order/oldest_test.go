package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/order"
)

// TestOldest expects the arrival of the oldest of what is held, whatever left before its hold ended.
func TestOldest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := arrivals(t, 0)
		b := newBuffer(unlimited)
		held := map[uint64]time.Time{}
		for _, a := range script {
			b.Push(instant(a.at), a.e)
			held[a.e.Raw] = instant(a.at)
			for _, e := range b.Due(nil, instant(a.at)) {
				delete(held, e.Raw)
			}
			require.Len(t, held, b.Held())
			got, ok := b.Oldest()
			require.Equal(t, len(held) > 0, ok)
			for _, at := range held {
				require.False(t, at.Before(got))
			}
		}
		b.Due(nil, instant(1<<40))
		_, ok := b.Oldest()
		require.False(t, ok, "nothing is held")
	})
}

func TestOldestOfNone(t *testing.T) {
	b := order.New[int](order.Config{Mode: order.ModeNone}, unlimited)
	b.Push(instant(0), entry(0, 0))
	_, ok := b.Oldest()
	require.False(t, ok)
}
