package journal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func lateEvent(p, n int) *pipeline.Event {
	e := &pipeline.Event{
		Key: key(p, 0), Kind: "chime:AttendeeLeft", Attendee: "a", Role: pipeline.RoleService, Source: "queue", Raw: uint64(n),
		Time: time.UnixMilli(1000).UTC(), Received: time.UnixMilli(1500).UTC(), IsLate: true, Late: time.Duration(n) * time.Millisecond,
		Gap: "joined", Arrived: time.Unix(7, 8).UTC(), Body: []byte("body"),
	}
	e.ID[0] = byte(n)
	return e
}

// TestLateKeepsAnEventOnce lets a writer that knows less than LATE has try again, and another one write in between.
func TestLateKeepsAnEventOnce(t *testing.T) {
	j, ctx := open(t), bounded(t)
	events, last, err := j.LateHistory(ctx, 1, key(1, 0))
	require.NoError(t, err)
	require.Empty(t, events)
	require.Zero(t, last)
	first, err := j.AppendLate(ctx, j.LateMessage(1, lateEvent(1, 1), true), 0)
	require.NoError(t, err)
	_, err = j.AppendLate(ctx, j.LateMessage(1, lateEvent(1, 1), true), 0)
	require.ErrorIs(t, err, ErrFenced)
	other, err := j.AppendLate(ctx, j.LateMessage(2, lateEvent(2, 1), true), 0)
	require.NoError(t, err)
	require.Greater(t, other, first)
	second, err := j.AppendLate(ctx, j.LateMessage(1, lateEvent(1, 2), false), first)
	require.NoError(t, err)
	_, err = j.AppendLate(ctx, j.LateMessage(1, lateEvent(1, 3), false), first)
	require.ErrorIs(t, err, ErrFenced)

	events, last, err = j.LateHistory(ctx, 1, key(1, 0))
	require.NoError(t, err)
	require.Equal(t, second, last)
	require.Len(t, events, 2)
	for i, seq := range []uint64{first, second} {
		want := *lateEvent(1, i+1)
		want.Sequence, want.Body = seq, nil
		require.Equal(t, want, events[i])
	}
	var bodies []string
	require.NoError(t, j.Scan(ctx, PlaceLate, func(m Message) error {
		bodies = append(bodies, string(m.Body))
		return nil
	}))
	require.Equal(t, []string{"body", "body", ""}, bodies)
}

// TestLateIsFull expects a definite refusal.
func TestLateIsFull(t *testing.T) {
	j, ctx := open(t, maxBytes(2*pipeline.MiB)), bounded(t)
	var last uint64
	var err error
	for n := 1; err == nil; n++ {
		require.Less(t, n, 100)
		e := lateEvent(1, n)
		e.Body = make([]byte, 32<<10)
		last, err = j.AppendLate(ctx, j.LateMessage(1, e, true), last)
	}
	require.ErrorIs(t, err, ErrFull)
}
