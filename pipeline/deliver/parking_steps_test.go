package deliver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func smallLanes() *Lanes {
	c := DefaultConfig()
	c.LaneMax = 2
	return NewLanes(&c, Limits{Parked: 10, Pages: 1}, func() float64 { return 0 })
}

// feed lets the feed bring events of meeting a, and returns which of them were settled because the lane is parked.
func feed(l *Lanes, from, to uint64) (settled []uint64) {
	for seq := from; seq <= to; seq++ {
		if l.Pass("a", seq) {
			settled = append(settled, seq)
			continue
		}
		l.Push(item(record{key: "a", seq: seq}, int(seq)))
	}
	return settled
}

// TestRestoredAheadOfTheFeed restores a lane that had delivered more than was acknowledged: the feed brings those events again,
// and they are not sent, however long that takes.
func TestRestoredAheadOfTheFeed(t *testing.T) {
	l := smallLanes()
	l.Begin(3)
	l.Restore("a", 8)
	_, caught := l.CaughtUp()
	require.False(t, caught, "the feed has not reached it")
	require.Equal(t, []uint64{4, 5, 6}, feed(l, 4, 6))
	l.Review()
	_, caught = l.CaughtUp()
	require.False(t, caught)
	require.Equal(t, []uint64{7}, feed(l, 7, 7))
	key, caught := l.CaughtUp()
	require.True(t, caught)
	l.Unpark(key)
	require.Empty(t, feed(l, 8, 8))
	require.Equal(t, []int{8}, positions(l.Take(nil, time.Unix(1, 0), 5)))
}

// TestEmptyPageWhileTheFeedGoesOn reads a page that is empty because what it held was purged, while the feed passes another
// event by: that one is still read.
func TestEmptyPageWhileTheFeedGoesOn(t *testing.T) {
	l := smallLanes()
	l.Begin(5)
	l.Restore("a", 2)
	need, ok := l.Hungry()
	require.True(t, ok)
	require.Equal(t, []uint64{6}, feed(l, 6, 6))
	l.Page(need, nil, 0)
	need, ok = l.Hungry()
	require.True(t, ok, "event 6 is lost")
	require.EqualValues(t, 6, need.From)
	l.Page(need, []Item{item(record{key: "a", seq: 6}, -1)}, 6)
	require.Equal(t, []int{-1}, positions(l.Take(nil, time.Unix(1, 0), 5)))
}

// TestNoParkingBeforeBurial expects a lane whose front waits for its dead letter to be parked only after that.
func TestNoParkingBeforeBurial(t *testing.T) {
	l := smallLanes()
	feed(l, 1, 1)
	now := time.Unix(1, 0)
	v := l.Settle(now, l.Take(nil, now, 1), []error{pipeline.Reject(errRefused)})
	feed(l, 2, 5)
	_, _, ok := l.Overdue()
	require.False(t, ok)
	l.Buried(v.Dead[0])
	feed(l, 6, 6)
	key, next, ok := l.Overdue()
	require.True(t, ok)
	require.EqualValues(t, 2, next)
	flying, left := l.Park(key)
	require.Empty(t, flying)
	require.Len(t, left, 5)
	require.Zero(t, l.Len())
}

// TestBlocking expects the lane with the oldest event, or the heaviest, and none while another one could be sent.
func TestBlocking(t *testing.T) {
	l := smallLanes()
	now := time.Unix(1, 0)
	for i, key := range []string{"a", "b", "b", "c"} {
		l.Push(item(record{key: key, seq: uint64(i + 1)}, i))
	}
	items := l.Take(nil, now, 10)
	_, _, ok := l.Blocking(true)
	require.False(t, ok, "none was refused")
	l.Settle(now, items, []error{errRefused, errRefused, errRefused, nil})
	key, next, ok := l.Blocking(true)
	require.True(t, ok)
	require.Equal(t, "a", key)
	require.EqualValues(t, 1, next)
	key, next, ok = l.Blocking(false)
	require.True(t, ok)
	require.Equal(t, "b", key)
	require.EqualValues(t, 2, next)
	l.Push(item(record{key: "d", seq: 5}, 4))
	_, _, ok = l.Blocking(false)
	require.False(t, ok, "d could be sent")
}
