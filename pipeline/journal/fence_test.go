package journal

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

func TestFormerOwnerIsRefused(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			j := open(t, where)
			former := fence(t, j, 1)
			require.NoError(t, former.Append(bounded(t), events(j, 1, 0, 3, 10)))
			require.NoError(t, former.Append(bounded(t), events(j, 1, 3, 1, 10)))
			bystander := fence(t, j, 2)

			owner := fence(t, j, 1)
			require.Greater(t, owner.Epoch(), former.Epoch())
			for _, n := range []int{1, 2, 50} {
				require.ErrorIs(t, former.Append(bounded(t), events(j, 1, 100, n, 10)), ErrFenced)
			}
			require.ErrorIs(t, former.Renew(bounded(t)), ErrFenced)
			require.Equal(t, count(0, 4), numbers(t, stored(t, j, PlaceEvents)), "nothing of the former owner was stored")

			require.NoError(t, owner.Append(bounded(t), events(j, 1, 4, 2, 10)))
			require.NoError(t, bystander.Append(bounded(t), events(j, 2, 6, 2, 10)), "other partitions do not notice")
			require.Equal(t, count(0, 8), numbers(t, stored(t, j, PlaceEvents)))
			require.InDelta(t, 53, appended(t, j, outcomeFenced), 0)
		})
	}
}

func TestRenewKeepsTheRight(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			j := open(t, where)
			f := fence(t, j, 0)
			require.False(t, f.NeedsRenewal())
			for i := range 3 {
				epoch := f.Epoch()
				require.NoError(t, f.Append(bounded(t), events(j, 0, i, 1, 10)))
				j.renewBelow.Store(epoch + 1)
				require.True(t, f.NeedsRenewal())
				require.NoError(t, f.Renew(bounded(t)))
				require.False(t, f.NeedsRenewal())
				require.Greater(t, f.Epoch(), epoch)
			}
			require.NoError(t, f.Append(bounded(t), events(j, 0, 3, 2, 10)))
			require.Equal(t, count(0, 5), numbers(t, stored(t, j, PlaceEvents)))
			last, err := j.LastEpoch(bounded(t), 0)
			require.NoError(t, err)
			require.Equal(t, f.Epoch(), last)
			require.EqualValues(t, 5+1, state(t, j, j.names.events()).Msgs, "of a fence only the last place is kept")
		})
	}
}

func TestLastEpochOfNobody(t *testing.T) {
	last, err := open(t).LastEpoch(bounded(t), 3)
	require.NoError(t, err)
	require.Zero(t, last)
}

// TestSameMessagesAgain appends messages that an earlier append refused, with a newer fence.
func TestSameMessagesAgain(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			j := open(t, where)
			former, msgs := fence(t, j, 0), events(j, 0, 0, 10, 10)
			owner := fence(t, j, 0)
			require.ErrorIs(t, former.Append(bounded(t), msgs), ErrFenced)
			require.NoError(t, owner.Append(bounded(t), msgs))
			require.NoError(t, owner.Renew(bounded(t)))
			require.NoError(t, owner.Append(bounded(t), msgs[:1]))
			require.NoError(t, owner.Append(bounded(t), nil))
			require.Equal(t, append(count(0, 10), 0), numbers(t, stored(t, j, PlaceEvents)))
		})
	}
}

// TestCopyLeavesServerHeadersBehind reads what went to RAW as a batch and appends it to EVENTS.
func TestCopyLeavesServerHeadersBehind(t *testing.T) {
	j := open(t, remote(t))
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 20, 10)))
	feed, err := j.RawFeed(bounded(t), 0)
	require.NoError(t, err)
	defer feed.Stop()
	f := fence(t, j, 0)
	var msgs []*nats.Msg
	for _, m := range next(t, feed, 20) {
		require.NotEmpty(t, m.Header.Get("Nats-Batch-Id"), "the test needs what it is about")
		e, err := m.Event()
		require.NoError(t, err)
		require.Equal(t, m.Sequence, e.Raw)
		require.Zero(t, e.Sequence)
		msgs = append(msgs, j.EventMessage(0, &e))
	}
	for _, m := range msgs {
		require.Empty(t, serverHeaders(m.Header))
	}
	require.NoError(t, f.Append(bounded(t), msgs[:1]))
	require.NoError(t, f.Append(bounded(t), msgs[1:]))
	for _, m := range msgs[1:] {
		require.Empty(t, m.Header.Get("Nats-Batch-Id"), "the batch leaves nothing that another publish would stumble over")
	}
	all := stored(t, j, PlaceEvents)
	require.Equal(t, count(0, 20), numbers(t, all))
	// Nats-Sequence and the like are how a direct get tells about a message; they are not part of it.
	require.Empty(t, all[0].Header.Get("Nats-Batch-Id"))
	require.Equal(t, "1", all[1].Header.Get("Nats-Batch-Sequence"))
}

func serverHeaders(h nats.Header) []string {
	var names []string
	for name := range h {
		if strings.HasPrefix(name, "Nats-") {
			names = append(names, name)
		}
	}
	return names
}

// TestFullEventsStillTakeFences appends without a break until EVENTS is full and expects the reserve to be left.
func TestFullEventsStillTakeFences(t *testing.T) {
	j := open(t, maxBytes(1<<20))
	f := fence(t, j, 0)
	var err error
	for n := 0; err == nil; n += 10 {
		err = f.Append(bounded(t), events(j, 0, n, 10, 1000))
		require.Less(t, n, 2000)
	}
	require.ErrorIs(t, err, ErrFull)
	limit := uint64(1 << 20)
	require.LessOrEqual(t, state(t, j, j.names.events()).Bytes, limit-reserve(limit))
	for p := range 4 {
		fence(t, j, p)
	}
	require.NoError(t, fence(t, j, 0).Renew(bounded(t)))

	require.NoError(t, j.streams[j.names.events()].Purge(bounded(t), jetstream.WithPurgeSubject(j.names.allEvents())))
	_, err = j.measure(bounded(t))
	require.NoError(t, err)
	require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 10, 1000)))
}

// TestServerIsFullBeforeWeKnow is the case of other processes that fill the stream: the server itself refuses.
func TestServerIsFullBeforeWeKnow(t *testing.T) {
	j := open(t, maxBytes(1<<20))
	f := fence(t, j, 0)
	j.room.measured(j.room.mark(), 1<<40)
	var err error
	n := 0
	for ; err == nil; n += 10 {
		err = f.Append(bounded(t), events(j, 0, n, 10, 10_000))
		require.Less(t, n, 2000)
	}
	kept := len(stored(t, j, PlaceEvents))
	if errors.Is(err, errPart) { // the beginning of the batch fitted, and nobody may take that for nothing
		require.Greater(t, kept, n-10)
		require.Less(t, kept, n)
	} else {
		require.ErrorIs(t, err, ErrFull)
		require.Equal(t, n-10, kept, "the batch left nothing behind")
	}
	_, err = j.TakeFence(bounded(t), 0)
	if err != nil {
		require.ErrorIs(t, err, ErrFull)
	}
}
