package journal

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
)

const day = 24 * time.Hour

// later is a time at which everything that is stored now is older than any limit.
func later() time.Time { return time.Now().Add(10 * day) }

func purgeAt(t *testing.T, j *Journal, now time.Time) {
	t.Helper()
	require.NoError(t, j.spaceOnce(bounded(t), now, true))
}

// readAll reads and acknowledges n records of partition p of RAW.
func readAll(t *testing.T, j *Journal, p, n int) {
	t.Helper()
	f, err := j.RawFeed(bounded(t), p)
	require.NoError(t, err)
	defer f.Stop()
	settle(t, j, f, j.names.raw(), rawConsumer(p), n)
}

// deliverAll does the same for a sink.
func deliverAll(t *testing.T, j *Journal, sink string, p, n int) {
	t.Helper()
	f, err := j.SinkFeed(bounded(t), sink, p, Start{Earliest: true})
	require.NoError(t, err)
	defer f.Stop()
	settle(t, j, f, j.names.events(), sinkConsumer(sink, p), n)
}

func settle(t *testing.T, j *Journal, f *Feed, stream, consumer string, n int) {
	t.Helper()
	msgs := next(t, f, n)
	require.NoError(t, f.Ack(msgs[n-1].Mark))
	floorOf(t, j, stream, consumer, msgs[n-1].Sequence)
}

// idle makes the RAW consumers of partitions that have nothing to read.
func idle(t *testing.T, j *Journal, partitions ...int) {
	t.Helper()
	for _, p := range partitions {
		f, err := j.RawFeed(bounded(t), p)
		require.NoError(t, err)
		f.Stop()
	}
}

func TestRawIsPurgedByAgeOnceEveryPartitionPassed(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), append(raws(j, 0, 0, 5, 10), raws(j, 1, 5, 5, 10)...)))
	purgeAt(t, j, later())
	require.Len(t, stored(t, j, PlaceRaw), 10, "partitions that nobody ever read have passed nothing")

	idle(t, j, 2, 3)
	readAll(t, j, 0, 5)
	purgeAt(t, j, later())
	require.Len(t, stored(t, j, PlaceRaw), 10, "nobody has read partition 1")

	readAll(t, j, 1, 3)
	purgeAt(t, j, later())
	require.Equal(t, []int{8, 9}, numbers(t, stored(t, j, PlaceRaw)), "idle partitions hold nothing back")

	readAll(t, j, 1, 2)
	purgeAt(t, j, time.Now())
	require.Len(t, stored(t, j, PlaceRaw), 2, "younger than raw_keep")
	purgeAt(t, j, time.Time{})
	require.Len(t, stored(t, j, PlaceRaw), 2, "no age is believed")
	purgeAt(t, j, later())
	require.Empty(t, stored(t, j, PlaceRaw))
	require.InDelta(t, 10, testutil.ToFloat64(j.metrics.purged.WithLabelValues("raw")), 0)
}

func TestRawIsPurgedAtOnceWithoutKeep(t *testing.T) {
	j := open(t, func(s *setup) { s.stream.RawKeep = 0 })
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 5, 10)))
	idle(t, j, 1, 2, 3)
	readAll(t, j, 0, 4)
	purgeAt(t, j, time.Time{})
	require.Equal(t, []int{4}, numbers(t, stored(t, j, PlaceRaw)), "even when no age is believed")
}

func TestEventsArePurgedByAge(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 10, 10)))
	require.NoError(t, f.Renew(bounded(t)))
	purgeAt(t, j, time.Now())
	require.Len(t, stored(t, j, PlaceEvents), 10, "younger than the retention")
	purgeAt(t, j, later())
	require.Empty(t, stored(t, j, PlaceEvents))
	require.InDelta(t, 10, testutil.ToFloat64(j.metrics.purged.WithLabelValues("events")), 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 10, 1, 10)), "the fence is there still")
	purgeAt(t, j, time.Now())
	require.InDelta(t, float64(time.Now().Unix()), testutil.ToFloat64(j.metrics.oldest), 60)
}

// TestClockStepPurgesNothing lets the wall clock jump by days while hardly any time passes, and then lets the days pass.
func TestClockStepPurgesNothing(t *testing.T) {
	begin := time.Now()
	var ahead atomic.Int64 // of begin; the journal's own goroutine reads the clock as well
	j := open(t, func(s *setup) {
		s.set.Clock = func() time.Time { return begin.Add(time.Duration(ahead.Load())) }
	})
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 10, 10)))
	require.NoError(t, f.Renew(bounded(t)))

	age, elapsed := ageClock{patience: j.patience()}, time.Duration(0)
	look := func(step, pass time.Duration) int {
		ahead.Add(int64(step + pass))
		elapsed += pass
		purgeAt(t, j, age.believed(j.set.Clock(), elapsed))
		return len(stored(t, j, PlaceEvents))
	}
	require.Equal(t, 10, look(0, 0))
	require.Equal(t, 10, look(0, 2*day), "younger than the retention")
	require.Equal(t, 10, look(10*day, spaceTick), "a step")
	require.Equal(t, 10, look(-10*day, spaceTick), "and back")
	require.Equal(t, 10, look(0, maxPatience), "trusted again, and younger than the retention")
	for range 3 * 24 {
		look(0, time.Hour)
	}
	require.Zero(t, look(0, time.Hour), "older than the retention")
}

func TestEventsThatASinkHasNotPassedStay(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	require.NoError(t, j.EnsureSink(bounded(t), "fast", Start{Earliest: true}))
	require.NoError(t, j.EnsureSink(bounded(t), "slow", Start{Earliest: true}))
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 10, 10)))
	require.NoError(t, f.Renew(bounded(t)))
	purgeAt(t, j, later())
	require.Len(t, stored(t, j, PlaceEvents), 10)
	deliverAll(t, j, "fast", 0, 10)
	purgeAt(t, j, later())
	require.Len(t, stored(t, j, PlaceEvents), 10)
	deliverAll(t, j, "slow", 0, 4)
	purgeAt(t, j, later())
	require.Equal(t, count(4, 6), numbers(t, stored(t, j, PlaceEvents)))
	deliverAll(t, j, "slow", 0, 6)
	purgeAt(t, j, later())
	require.Empty(t, stored(t, j, PlaceEvents))
}

// TestEventsAfterTheOldestUnprocessedRecordStay because reading that record again must find what came of it (I3).
func TestEventsAfterTheOldestUnprocessedRecordStay(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 3, 10)))
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 3, 2, 10)))
	require.NoError(t, f.Append(bounded(t), events(j, 0, 3, 2, 10)))
	require.NoError(t, f.Renew(bounded(t)))
	idle(t, j, 1, 2, 3)

	rawFeed, err := j.RawFeed(bounded(t), 0)
	require.NoError(t, err)
	defer rawFeed.Stop()
	msgs := next(t, rawFeed, 2)
	purgeAt(t, j, later())
	require.Equal(t, []int{3, 4}, numbers(t, stored(t, j, PlaceEvents)), "read is not acknowledged")
	require.NoError(t, rawFeed.Ack(msgs[1].Mark))
	floorOf(t, j, j.names.raw(), rawConsumer(0), msgs[1].Sequence)
	purgeAt(t, j, later())
	require.Empty(t, stored(t, j, PlaceEvents))
}

func TestFencesMoveOutOfTheWay(t *testing.T) {
	j := open(t)
	early := fence(t, j, 1)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 10, 10)))
	purgeAt(t, j, later())
	require.Len(t, stored(t, j, PlaceEvents), 10, "a purge does not pass a fence")
	require.True(t, early.NeedsRenewal())
	require.True(t, f.NeedsRenewal())
	require.NoError(t, early.Renew(bounded(t)))
	require.NoError(t, f.Renew(bounded(t)))
	purgeAt(t, j, later())
	require.Empty(t, stored(t, j, PlaceEvents))
	require.NoError(t, early.Append(bounded(t), events(j, 1, 0, 2, 10)))
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 2, 10)))
}

// guard keeps the journal's own purges, which come every two seconds, from what a test appends until the returned function is called.
func guard(t *testing.T, j *Journal) (free func()) {
	t.Helper()
	require.NoError(t, j.EnsureSink(bounded(t), "guard", Start{Earliest: true}))
	return func() { require.NoError(t, j.ForgetSink(bounded(t), "guard")) }
}

// fill appends past the reserve until the server itself refuses, as several processes may together.
func fill(t *testing.T, j *Journal, f *Fence) (n int) {
	t.Helper()
	for size := 10_000; size >= 10; size /= 10 {
		for {
			j.room.measured(j.room.mark(), 1<<40)
			err := f.Append(bounded(t), events(j, 0, n, 1, size))
			if err != nil {
				require.ErrorIs(t, err, ErrFull)
				break
			}
			n++
		}
	}
	// Smaller than any fence.
	for {
		if _, err := j.js.Publish(bounded(t), j.names.eventSubject(0, "x"), body(n, 8)); err != nil {
			require.ErrorIs(t, classify(err), ErrFull)
			return n
		}
		n++
	}
}

// TestFullEventsDoNotStayFull fills EVENTS so far that no fence can move and expects a purge for space to find a way.
func TestFullEventsDoNotStayFull(t *testing.T) {
	j := open(t, maxBytes(1<<20))
	f := fence(t, j, 0)
	free := guard(t, j)
	n := fill(t, j, f)
	_, err := j.TakeFence(bounded(t), 1)
	require.ErrorIs(t, err, ErrFull)
	require.ErrorIs(t, f.Renew(bounded(t)), ErrFull)

	free()
	purgeAt(t, j, time.Time{}) // For space, whatever the clock says.
	kept := numbers(t, stored(t, j, PlaceEvents))
	require.Less(t, len(kept), n)
	require.Greater(t, len(kept), n/2, "a tenth at a time")
	require.Equal(t, count(n-len(kept), len(kept)), kept, "the oldest went")
	other, err := j.TakeFence(bounded(t), 1)
	require.NoError(t, err)
	require.NoError(t, other.Renew(bounded(t)))

	// Nobody renews the fence of partition 0; it holds nothing up for ever.
	for range 40 {
		purgeAt(t, j, time.Time{})
	}
	limit := uint64(1 << 20)
	require.LessOrEqual(t, state(t, j, j.names.events()).Bytes, limit-reserve(limit))
	require.NoError(t, f.Append(bounded(t), events(j, 0, n, 1, 10)), "it was not purged, either")
}

func TestPurgeForSpaceAsksTheSinks(t *testing.T) {
	j := open(t, maxBytes(1<<20))
	require.NoError(t, j.EnsureSink(bounded(t), "stuck", Start{Earliest: true}))
	f := fence(t, j, 0)
	n := fill(t, j, f)
	purgeAt(t, j, later())
	require.Equal(t, count(0, n), numbers(t, stored(t, j, PlaceEvents)))
	deliverAll(t, j, "stuck", 0, n)
	purgeAt(t, j, time.Time{})
	require.Less(t, len(stored(t, j, PlaceEvents)), n)
}

func TestRawIsPurgedForSpace(t *testing.T) {
	j := open(t, maxBytes(1<<20))
	n := 0
	for ; j.AppendRaw(bounded(t), raws(j, 0, n, 1, 10_000)) == nil; n++ {
		require.Less(t, n, 1000)
	}
	idle(t, j, 1, 2, 3)
	readAll(t, j, 0, n-1)
	require.NoError(t, j.spaceOnce(bounded(t), time.Time{}, false))
	require.Equal(t, []int{n - 1}, numbers(t, stored(t, j, PlaceRaw)), "all that was passed, nothing else")
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, n, 1, 10_000)))
}

func TestNoPurgeBeforeItsTime(t *testing.T) {
	j := open(t)
	require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 10, 10)))
	fence(t, j, 0)
	require.NoError(t, j.spaceOnce(bounded(t), later(), false))
	require.Len(t, stored(t, j, PlaceEvents), 10)
}

func TestRemoved(t *testing.T) {
	st := func(msgs, last uint64) jetstream.StreamState { return jetstream.StreamState{Msgs: msgs, LastSeq: last} }
	require.EqualValues(t, 4, removed(st(10, 10), st(6, 10)))
	require.EqualValues(t, 4, removed(st(10, 10), st(9, 13)), "3 came meanwhile")
	require.Zero(t, removed(st(10, 10), st(13, 13)))
	require.Zero(t, removed(st(1, 10), st(5, 11)))
}

func TestMeasure(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 5, 1000)))
	require.NoError(t, j.Quarantine(bounded(t), Quarantined{Source: "queue", Reason: "x", Body: []byte("{")}))
	states, err := j.measure(bounded(t))
	require.NoError(t, err)
	require.Len(t, states, 5)
	require.InDelta(t, 5, testutil.ToFloat64(j.metrics.messages.WithLabelValues("raw")), 0)
	require.InDelta(t, 1, testutil.ToFloat64(j.metrics.messages.WithLabelValues("quarantine")), 0)
	require.InDelta(t, 5500, testutil.ToFloat64(j.metrics.bytes.WithLabelValues("raw")), 1500)
	require.InDelta(t, float64(j.stream.MaxBytes), testutil.ToFloat64(j.metrics.limit.WithLabelValues("events")), 0)
	require.Zero(t, testutil.ToFloat64(j.metrics.oldest), "no event is kept")
}
