package journal

import (
	"context"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func history(t *testing.T, j *Journal, p int, key string) []int {
	t.Helper()
	events, err := j.History(bounded(t), p, key)
	require.NoError(t, err)
	all := make([]int, 0, len(events))
	last := uint64(0)
	for _, e := range events {
		require.Equal(t, key, e.Key)
		require.Greater(t, e.Sequence, last)
		last = e.Sequence
		all = append(all, int(e.Raw))
	}
	return all
}

func TestHistoryOfNobody(t *testing.T) {
	require.Empty(t, history(t, open(t), 0, "nobody"))
}

// TestHistoryOfAColdMeeting reads a long and a short meeting from between thousands of others.
func TestHistoryOfAColdMeeting(t *testing.T) {
	const others, pages = 4000, 3*historyPage + 1
	j := open(t)
	f := fence(t, j, 0)
	var msgs []*nats.Msg
	add := func(key string, n int) {
		e := event(0, n, 10)
		e.Key = key
		msgs = append(msgs, j.EventMessage(0, e))
		if len(msgs) == MaxAppend {
			require.NoError(t, f.Append(bounded(t), msgs))
			msgs = nil
		}
	}
	for i := range others {
		add(fmt.Sprintf("other-%d", i), i)
		if i < pages {
			add("long", i)
		}
		if i == others/2 {
			add("short", i)
		}
	}
	require.NoError(t, f.Append(bounded(t), msgs))
	require.Equal(t, count(0, pages), history(t, j, 0, "long"))
	require.Equal(t, []int{others / 2}, history(t, j, 0, "short"))
	require.Empty(t, history(t, j, 1, "short"), "another partition")
	require.Empty(t, history(t, j, 0, "shor"))
}

func TestHistoryIncludesTheLastAppend(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	for n := range 50 {
		require.NoError(t, f.Append(bounded(t), events(j, 0, 2*n, 1+n%2, 10)))
		all := history(t, j, 0, key(0, 0))
		require.Equal(t, 2*n+n%2, all[len(all)-1])
	}
}

// TestHistoryOfLargeEvents has pages that end with their bytes, not with their count.
func TestHistoryOfLargeEvents(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	for n := range 9 {
		require.NoError(t, f.Append(bounded(t), events(j, 0, n, 1, 2<<20)))
	}
	require.Equal(t, count(0, 9), history(t, j, 0, key(0, 0)))
}

func TestHistoryEndsWithItsContext(t *testing.T) {
	j := open(t)
	require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 1, 10)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := j.History(ctx, 0, key(0, 0))
	require.ErrorIs(t, err, context.Canceled)
}

// TestHistoryLeavesOutWhatIsNoEvent has messages of another program between events, as a whole page, and at the end.
func TestHistoryLeavesOutWhatIsNoEvent(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	publish := func(n int) {
		for range n {
			_, err := j.js.Publish(bounded(t), j.names.eventSubject(0, key(0, 0)), []byte("{}"))
			require.NoError(t, err)
		}
	}
	publish(1)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 2, 10)))
	publish(2*historyPage + 1)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 2, 1, 10)))
	publish(1)
	require.Equal(t, count(0, 3), history(t, j, 0, key(0, 0)))
	require.InDelta(t, 2*historyPage+3, testutil.ToFloat64(j.metrics.foreign), 0)
}

func TestRawBeyond(t *testing.T) {
	j := open(t)
	beyond := func(p int, seq uint64) uint64 {
		next, err := j.RawBeyond(bounded(t), p, seq)
		require.NoError(t, err)
		return next
	}
	require.Zero(t, beyond(1, 0))
	for _, p := range []int{0, 1, 2, 1} { // sequences 1 to 4
		require.NoError(t, j.AppendRaw(bounded(t), raws(j, p, 0, 1, 10)))
	}
	require.EqualValues(t, 2, beyond(1, 0))
	require.EqualValues(t, 2, beyond(1, 1))
	require.EqualValues(t, 4, beyond(1, 2))
	require.Zero(t, beyond(1, 4))
	require.Zero(t, beyond(1, 99))
	require.EqualValues(t, 1, beyond(0, 0))
	require.Zero(t, beyond(0, 1))
	require.NoError(t, j.streams[j.names.raw()].Purge(bounded(t)))
	require.Zero(t, beyond(1, 0), "what was purged is not waited for")
}

func TestScanLeavesFencesOutAndStopsAtTheEnd(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 600, 10)))
	n := 0
	require.NoError(t, j.Scan(bounded(t), PlaceEvents, func(m Message) error {
		require.Equal(t, n, number(t, m))
		require.Equal(t, j.names.eventSubject(0, key(0, 0)), m.Subject)
		n++
		if n == 1 {
			return f.Append(bounded(t), events(j, 0, 900, 1, 10)) // Comes after the scan began.
		}
		return nil
	}))
	require.Equal(t, 600, n)
	require.ErrorIs(t, j.Scan(bounded(t), PlaceEvents, func(Message) error { return pipeline.Reject(ErrFull) }), ErrFull)
	require.NoError(t, j.Scan(bounded(t), PlaceLate, func(Message) error { return ErrFull }))
}
