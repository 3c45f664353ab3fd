package deliver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
)

// TestAskedIsNotStarved has lanes that always have more to send, among them that of the meeting which something is asked for: it is
// sent soon, whatever the order of answers, and so are the lanes.
func TestAskedIsNotStarved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := DefaultConfig()
		l := NewLanes(&c, Limits{Parked: 1, Pages: 1}, func() float64 { return 0 })
		chance, now := dice(t), time.Unix(1, 0)
		keys := []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "meetings")]
		limit := rapid.IntRange(1, 4).Draw(t, "limit")
		for range 50 {
			for _, key := range keys {
				l.Push(Item{Event: pipeline.Event{Key: key}})
			}
		}
		for i := range 5 {
			l.Ask(Item{Event: pipeline.Event{Key: "a"}, Position: -1, Ticket: i + 1})
		}
		var flying [][]Item
		ticket, fed, takes := 0, 0, 0
		for ; ticket < 5; takes++ {
			require.Less(t, takes, 60, "starved")
			if items := l.Take(nil, now, limit); len(items) > 0 {
				flying = append(flying, items)
			}
			if len(flying) == 0 || len(flying) < 3 && chance.IntN(3) == 0 {
				continue
			}
			k := chance.IntN(len(flying))
			items := flying[k]
			flying = append(flying[:k], flying[k+1:]...)
			v := l.Settle(now, items, make([]error, len(items)))
			fed += len(v.Accepted)
			for _, a := range v.Answered {
				ticket++
				require.Equal(t, ticket, a.Ticket, "out of order")
			}
			for range v.Accepted {
				l.Push(Item{Event: pipeline.Event{Key: items[0].Key}})
			}
		}
		require.Positive(t, fed, "the lanes starved")
	})
}

// TestPassed tells history from what is still to come.
func TestPassed(t *testing.T) {
	l := smallLanes()
	l.Begin(3)
	require.True(t, l.Passed("a", 3), "before the life of the feed")
	require.False(t, l.Passed("a", 4))
	feed(l, 4, 6)
	require.False(t, l.Passed("a", 4))
	require.True(t, l.Passed("b", 5), "not of this meeting, and so nothing that waits")
	items := l.Take(nil, time.Unix(1, 0), 2)
	require.False(t, l.Passed("a", 4), "with the sink")
	l.Settle(time.Unix(1, 0), items, []error{nil, errRefused})
	require.True(t, l.Passed("a", 4))
	require.False(t, l.Passed("a", 5))
}
