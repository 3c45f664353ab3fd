package journal

import (
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func sinkIDs(t *testing.T, j *Journal) (ids []string) {
	t.Helper()
	states, err := j.Sinks(bounded(t))
	require.NoError(t, err)
	for _, s := range states {
		ids = append(ids, s.ID)
	}
	return ids
}

// deliverSome delivers all events of partition 0 to a sink and acknowledges the first n.
func deliverSome(t *testing.T, j *Journal, sink string, all, n int) {
	t.Helper()
	f, err := j.SinkFeed(bounded(t), sink, 0, Start{Earliest: true})
	require.NoError(t, err)
	defer f.Stop()
	msgs := next(t, f, all)
	if n > 0 {
		require.NoError(t, f.Ack(msgs[n-1].Mark))
		floorOf(t, j, j.names.events(), sinkConsumer(sink, 0), msgs[n-1].Sequence)
	}
}

func TestSinksAreListed(t *testing.T) {
	j := open(t)
	require.Empty(t, sinkIDs(t, j))
	require.NoError(t, j.EnsureSink(bounded(t), "hook-1", Start{Earliest: true}))
	require.NoError(t, j.EnsureSink(bounded(t), "audit", Start{}))
	require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 5, 10)))
	deliverSome(t, j, "hook-1", 5, 2)
	states, err := j.Sinks(bounded(t))
	require.NoError(t, err)
	require.Len(t, states, 2)
	require.Equal(t, "audit", states[0].ID)
	require.EqualValues(t, 5, states[0].Waiting)
	require.Equal(t, "hook-1", states[1].ID)
	require.EqualValues(t, 3, states[1].Floor, "the fence is the first")
	require.EqualValues(t, 3, states[1].Waiting)
	require.Zero(t, states[1].Gone)
	for _, name := range []string{"sink-", "sink--1", "sink-a", "sequence-1", "sink-a-x"} {
		_, ok := sinkOf(name)
		require.False(t, ok, name)
	}
}

// TestGoneSink takes a sink out of the configuration: that is reported, it holds back purging, it is forgotten after its time and
// not before, and coming back in between takes that back.
func TestGoneSink(t *testing.T) {
	j := open(t)
	now := time.Now()
	require.NoError(t, j.reviewSinks(bounded(t), now), "before anybody said what is configured")
	for _, id := range []string{"audit", "hook"} {
		require.NoError(t, j.EnsureSink(bounded(t), id, Start{Earliest: true}))
	}
	require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 5, 10)))
	deliverSome(t, j, "hook", 5, 5)
	deliverSome(t, j, "audit", 5, 1)
	parked, _, err := j.OpenParked(bounded(t), "audit", 0)
	require.NoError(t, err)
	require.NoError(t, parked.Park(bounded(t), key(0, 0), 2))
	require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, 10), Sink: "audit"}))

	require.NoError(t, j.WatchSinks(bounded(t), []string{"hook"}, 24*time.Hour))
	require.InDelta(t, 1, testutil.ToFloat64(j.metrics.gone), 0)
	require.NoError(t, j.reviewSinks(bounded(t), time.Time{}), "a clock that cannot be believed")
	require.NoError(t, j.reviewSinks(bounded(t), now))
	states, err := j.Sinks(bounded(t))
	require.NoError(t, err)
	require.WithinDuration(t, now, states[0].Gone, time.Second)
	require.Zero(t, states[1].Gone)
	require.NoError(t, j.reviewSinks(bounded(t), now.Add(23*time.Hour)))
	require.Equal(t, []string{"audit", "hook"}, sinkIDs(t, j))

	require.NoError(t, j.WatchSinks(bounded(t), []string{"audit", "hook"}, 24*time.Hour))
	require.InDelta(t, 0, testutil.ToFloat64(j.metrics.gone), 0)
	require.NoError(t, j.WatchSinks(bounded(t), []string{"hook"}, 24*time.Hour))
	require.NoError(t, j.reviewSinks(bounded(t), now.Add(25*time.Hour)), "it was back in between")
	require.Equal(t, []string{"audit", "hook"}, sinkIDs(t, j))
	floor, err := j.sinkFloor(bounded(t), 100)
	require.NoError(t, err)
	require.EqualValues(t, 2, floor)

	require.NoError(t, j.reviewSinks(bounded(t), now.Add(50*time.Hour)))
	require.Equal(t, []string{"hook"}, sinkIDs(t, j))
	floor, err = j.sinkFloor(bounded(t), 100)
	require.NoError(t, err)
	require.EqualValues(t, 100, floor)
	floor, err = j.parkedFloor(bounded(t), 100)
	require.NoError(t, err)
	require.EqualValues(t, 100, floor)
	require.Len(t, letters(t, j, "audit", "", 0), 1, "its dead letters stay")
	require.NoError(t, j.reviewSinks(bounded(t), now.Add(51*time.Hour)))
	require.InDelta(t, 0, testutil.ToFloat64(j.metrics.gone), 0)
}

// TestGoneForEver never forgets a sink when the time is 0.
func TestGoneForEver(t *testing.T) {
	j := open(t)
	require.NoError(t, j.EnsureSink(bounded(t), "audit", Start{}))
	require.NoError(t, j.WatchSinks(bounded(t), nil, 0))
	now := time.Now()
	for _, at := range []time.Duration{0, 1000 * time.Hour, 100_000 * time.Hour} {
		require.NoError(t, j.reviewSinks(bounded(t), now.Add(at)))
	}
	require.Equal(t, []string{"audit"}, sinkIDs(t, j))
	require.NoError(t, j.ForgetSink(bounded(t), "audit"))
	require.NoError(t, j.ForgetSink(bounded(t), "audit"), "twice")
	require.Empty(t, sinkIDs(t, j))
}

// TestMarkWhileReading marks a sink that is being read: its feed goes on.
func TestMarkWhileReading(t *testing.T) {
	j := open(t)
	require.NoError(t, j.EnsureSink(bounded(t), "audit", Start{Earliest: true}))
	f, err := j.SinkFeed(bounded(t), "audit", 0, Start{})
	require.NoError(t, err)
	defer f.Stop()
	fence := fence(t, j, 0)
	require.NoError(t, fence.Append(bounded(t), events(j, 0, 0, 3, 10)))
	first := next(t, f, 3)
	require.NoError(t, f.Ack(first[1].Mark))
	require.NoError(t, j.RenameSink(bounded(t), "audit", "archive"))
	require.NoError(t, fence.Append(bounded(t), events(j, 0, 3, 3, 10)))
	require.Equal(t, count(3, 3), numbers(t, next(t, f, 3)))
	floorOf(t, j, j.names.events(), sinkConsumer("audit", 0), first[1].Sequence)
}

// TestRenamedSink goes on where it was: position, parked lanes and dead letters. A crash at any step is made good by the next
// start.
func TestRenamedSink(t *testing.T) {
	for steps := range 4 {
		j := open(t)
		require.ErrorIs(t, j.RenameSink(bounded(t), "audit", "archive"), ErrNoSink)
		for _, id := range []string{"audit", "hook"} {
			require.NoError(t, j.EnsureSink(bounded(t), id, Start{Earliest: true}))
		}
		require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 5, 10)))
		deliverSome(t, j, "audit", 5, 2)
		parked, _, err := j.OpenParked(bounded(t), "audit", 0)
		require.NoError(t, err)
		require.NoError(t, parked.Park(bounded(t), key(0, 0), 2))
		require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, 10), Sink: "audit", Reason: "410"}))
		require.ErrorIs(t, j.RenameSink(bounded(t), "audit", "hook"), ErrSinkExists)
		require.NoError(t, j.RenameSink(bounded(t), "audit", "archive"))
		states, err := j.Sinks(bounded(t))
		require.NoError(t, err)
		require.Equal(t, "archive", states[0].Heir)

		switch steps { // What a process did that was killed then.
		case 1:
			require.NoError(t, j.copyPosition(bounded(t), "audit", "archive", 0))
		case 2:
			for p := range j.Partitions() {
				require.NoError(t, j.copyPosition(bounded(t), "audit", "archive", p))
			}
			require.NoError(t, j.moveDead(bounded(t), "audit", "archive"))
		case 3:
			require.NoError(t, j.copyPosition(bounded(t), "audit", "archive", 3))
			require.NoError(t, j.js.DeleteConsumer(bounded(t), j.names.events(), sinkConsumer("audit", 3)))
		}
		require.NoError(t, j.EnsureSink(bounded(t), "archive", Start{}))
		require.Equal(t, []string{"archive", "hook"}, sinkIDs(t, j))
		_, lanes, err := j.OpenParked(bounded(t), "archive", 0)
		require.NoError(t, err)
		require.Equal(t, map[string]uint64{key(0, 0): 2}, lanes)
		require.Len(t, letters(t, j, "archive", "", 0), 1)
		require.Equal(t, "archive", letters(t, j, "archive", "", 0)[0].Sink)
		require.Empty(t, letters(t, j, "audit", "", 0))
		f, err := j.SinkFeed(bounded(t), "archive", 0, Start{})
		require.NoError(t, err)
		require.Equal(t, count(2, 3), numbers(t, next(t, f, 3)), "the floor was after the second")
		f.Stop()
	}
}

// TestDeliveredSink is neither forgotten nor taken over.
func TestDeliveredSink(t *testing.T) {
	j := open(t)
	require.NoError(t, j.EnsureSink(bounded(t), "audit", Start{}))
	stop, err := j.ReceiveErrands("audit", 2, func(Errand, func(Outcome)) {})
	require.NoError(t, err)
	require.ErrorIs(t, j.ForgetSink(bounded(t), "audit"), ErrDelivered)
	require.NoError(t, j.RenameSink(bounded(t), "audit", "archive"))
	require.ErrorIs(t, j.EnsureSink(bounded(t), "archive", Start{}), ErrDelivered)
	require.NoError(t, j.WatchSinks(bounded(t), nil, time.Hour))
	now := time.Now()
	require.NoError(t, j.reviewSinks(bounded(t), now))
	require.NoError(t, j.reviewSinks(bounded(t), now.Add(2*time.Hour)))
	states, err := j.Sinks(bounded(t))
	require.NoError(t, err)
	require.Zero(t, states[0].Gone, "it is not gone")
	stop()
	require.Eventually(t, func() bool {
		delivered, err := j.Delivered(bounded(t), "audit")
		return err == nil && !delivered
	}, patienceOfTests, probe)
	require.NoError(t, j.EnsureSink(bounded(t), "archive", Start{}))
	require.Equal(t, []string{"archive"}, sinkIDs(t, j))
}

// TestRenameIsTakenBack renames to the same name.
func TestRenameIsTakenBack(t *testing.T) {
	j := open(t)
	require.NoError(t, j.EnsureSink(bounded(t), "audit", Start{Earliest: true}))
	require.NoError(t, j.RenameSink(bounded(t), "audit", "archive"))
	require.NoError(t, j.RenameSink(bounded(t), "audit", "audit"))
	require.NoError(t, j.EnsureSink(bounded(t), "archive", Start{}))
	require.Equal(t, []string{"archive", "audit"}, sinkIDs(t, j))
}

// TestEventsBetween reads what was stored in a time.
func TestEventsBetween(t *testing.T) {
	j := open(t)
	read := func(key string, from, to time.Time) (got []uint64) {
		require.NoError(t, j.EventsBetween(bounded(t), key, from, to, func(e pipeline.Event) error {
			require.NotEmpty(t, e.Body)
			require.NotZero(t, e.Sequence)
			got = append(got, e.Raw)
			return nil
		}))
		return got
	}
	begin := time.Now().Add(-time.Hour)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 300, 10)))
	require.NoError(t, fence(t, j, 1).Append(bounded(t), events(j, 1, 1000, 1, 10)))
	middle := time.Now()
	<-time.After(2 * time.Millisecond)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 300, 300, 10)))
	end := time.Now().Add(time.Hour)
	require.Len(t, read("", begin, end), 601)
	require.Len(t, read("", begin, middle), 301)
	require.Len(t, read("", middle, end), 300)
	require.Equal(t, []uint64{1000}, read(key(1, 0), begin, end))
	require.Empty(t, read("", begin, begin.Add(time.Minute)))
	require.Empty(t, read("", end, end.Add(time.Minute)))
}

// TestErrands go to whoever listens, whole, and come back.
func TestErrands(t *testing.T) {
	j := open(t)
	want := Errand{Kind: ErrandReplay, Event: *event(1, 3, 100), Patience: time.Second}
	want.Event.Sequence, want.Event.IsLate, want.Event.Late = 9, true, 5*time.Millisecond
	_, err := j.SendErrand(bounded(t), "hook", 1, want)
	require.ErrorIs(t, err, ErrNobody)
	stop, err := j.ReceiveErrands("hook", 1, func(e Errand, answer func(Outcome)) {
		require.Equal(t, want, e)
		answer(Outcome{Result: "accepted", Reason: "two\nlines"})
	})
	require.NoError(t, err)
	got, err := j.SendErrand(bounded(t), "hook", 1, want)
	require.NoError(t, err)
	require.Equal(t, Outcome{Result: "accepted", Reason: "two?lines"}, got)
	_, err = j.SendErrand(bounded(t), "hook", 2, want)
	require.ErrorIs(t, err, ErrNobody)
	stop()
	require.Eventually(t, func() bool {
		_, err := j.SendErrand(bounded(t), "hook", 1, want)
		return errors.Is(err, ErrNobody)
	}, patienceOfTests, probe)

	resumed := make(chan struct{}, 1)
	stop, err = j.OnResume("hook", func() { resumed <- struct{}{} })
	require.NoError(t, err)
	defer stop()
	require.NoError(t, j.ResumeSink("hook"))
	<-resumed
}
