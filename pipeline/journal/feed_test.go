package journal

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

func rawFeed(t *testing.T, j *Journal, p int) *Feed {
	t.Helper()
	f, err := j.RawFeed(bounded(t), p)
	require.NoError(t, err)
	t.Cleanup(f.Stop)
	return f
}

func TestFeedGivesItsPartitionInOrder(t *testing.T) {
	j := open(t)
	for i := range 300 {
		require.NoError(t, j.AppendRaw(bounded(t), append(raws(j, 1, 2*i, 2, 10), raw(j, 2, -1, 10))))
	}
	msgs := next(t, rawFeed(t, j, 1), 600)
	require.Equal(t, count(0, 600), numbers(t, msgs))
	require.EqualValues(t, 599, msgs[0].Pending)
	require.Zero(t, msgs[599].Pending)
	for i, m := range msgs {
		require.False(t, m.Stored.IsZero())
		require.True(t, i == 0 || m.Sequence > msgs[i-1].Sequence)
	}
}

func TestFeedGoesOnAtItsFloor(t *testing.T) {
	s := newSetup(t)
	j := s.open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 20, 10)))
	f := rawFeed(t, j, 0)
	msgs := next(t, f, 20)
	require.NoError(t, f.Ack(msgs[6].Mark))
	floorOf(t, j, j.names.raw(), rawConsumer(0), msgs[6].Sequence)

	// Opened again in the same process, then in the next one; each time from the floor, in order.
	f.Stop()
	f = rawFeed(t, j, 0)
	require.Equal(t, count(7, 13), numbers(t, next(t, f, 13)))
	f.Stop()
	require.NoError(t, j.Close())

	j = s.again().open(t)
	f = rawFeed(t, j, 0)
	msgs = next(t, f, 13)
	require.Equal(t, count(7, 13), numbers(t, msgs))
	require.NoError(t, f.Ack(msgs[12].Mark))
	floorOf(t, j, j.names.raw(), rawConsumer(0), msgs[12].Sequence)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 20, 1, 10)))
	require.Equal(t, []int{20}, numbers(t, next(t, f, 1)))
}

// unread returns the consumer of partition 0 of RAW with nothing delivered and nobody pulling.
func unread(t *testing.T, j *Journal) jetstream.Consumer {
	t.Helper()
	rawFeed(t, j, 0).Stop()
	_, err := j.js.ResetConsumer(bounded(t), j.names.raw(), rawConsumer(0))
	require.NoError(t, err)
	c, err := j.js.Consumer(bounded(t), j.names.raw(), rawConsumer(0))
	require.NoError(t, err)
	return c
}

// steal pulls one message, as a former owner's open pull does.
func steal(t *testing.T, c jetstream.Consumer) {
	t.Helper()
	_, err := c.Next()
	require.NoError(t, err)
}

func broken(t *testing.T, f *Feed) error {
	t.Helper()
	ctx := bounded(t)
	select {
	case err := <-f.Broken():
		return err
	case <-ctx.Done():
		require.Fail(t, "the feed did not notice")
		return nil
	}
}

func TestGapIsNoticed(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 3, 10)))
	cons := unread(t, j)
	steal(t, cons)
	f, err := j.read(bounded(t), cons, nil)
	require.NoError(t, err)
	defer f.Stop()
	require.ErrorIs(t, broken(t, f), ErrBroken)
	f.Stop()
	require.Equal(t, count(0, 3), numbers(t, next(t, rawFeed(t, j, 0), 3)), "opening again brings everything")
}

// TestLostTailIsNoticed loses the last message to a rival: no later message shows the gap.
func TestLostTailIsNoticed(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 1, 10)))
	cons := unread(t, j)
	steal(t, cons)
	f, err := j.read(bounded(t), cons, nil)
	require.NoError(t, err)
	defer f.Stop()
	var w watcher
	f.look(bounded(t), &w)
	require.Empty(t, f.Broken(), "the message may still be on its way")
	f.look(bounded(t), &w)
	require.ErrorIs(t, broken(t, f), ErrBroken)
}

// TestAcknowledgementOfTheFormerOwner comes after our reset and raises the floor of consumer sequences beyond ours.
func TestAcknowledgementOfTheFormerOwner(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 20, 10)))
	former := rawFeed(t, j, 0)
	theirs := next(t, former, 20)
	require.NoError(t, former.Ack(theirs[9].Mark))
	floorOf(t, j, j.names.raw(), rawConsumer(0), theirs[9].Sequence)
	former.Stop()

	f := rawFeed(t, j, 0)
	next(t, f, 10)
	var w watcher
	f.look(bounded(t), &w)
	require.Empty(t, f.Broken())
	require.NoError(t, former.Ack(theirs[14].Mark))
	floorOf(t, j, j.names.raw(), rawConsumer(0), theirs[14].Sequence)
	f.look(bounded(t), &w)
	require.ErrorIs(t, broken(t, f), ErrBroken)
	f.Stop()

	f = rawFeed(t, j, 0)
	require.Equal(t, count(15, 5), numbers(t, next(t, f, 5)))
}

func TestWatcher(t *testing.T) {
	info := func(delivered, floor uint64) *jetstream.ConsumerInfo {
		return &jetstream.ConsumerInfo{
			Delivered: jetstream.SequenceInfo{Consumer: delivered}, AckFloor: jetstream.SequenceInfo{Consumer: floor},
		}
	}
	var w watcher
	require.False(t, w.lost(info(5, 5), 5, true))
	require.False(t, w.lost(info(7, 5), 5, true), "on its way")
	require.False(t, w.lost(info(9, 5), 7, true), "it arrived")
	require.False(t, w.lost(info(9, 5), 7, false), "the stage is busy")
	require.False(t, w.lost(info(9, 5), 7, true), "once")
	require.True(t, w.lost(info(9, 5), 7, true), "twice")
	require.True(t, (&watcher{}).lost(info(3, 4), 3, false))
}

func TestFeedEndsWithItsConsumer(t *testing.T) {
	j := open(t)
	f := rawFeed(t, j, 0)
	require.NoError(t, j.js.DeleteConsumer(bounded(t), j.names.raw(), rawConsumer(0)))
	f.look(bounded(t), &watcher{})
	require.ErrorIs(t, broken(t, f), ErrBroken)
}

// TestStopWithAStageThatDoesNotRead stops while deliver is blocked, and more than once.
func TestStopWithAStageThatDoesNotRead(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 2*feedQueue, 10)))
	f := rawFeed(t, j, 0)
	require.Eventually(t, func() bool { return len(f.Messages()) == feedQueue }, patienceOfTests, probe)
	f.Stop()
	f.Stop()
}

// TestHeldPastTheAckWait holds messages for longer than the server waits for an acknowledgement: they come again on the wire, and not
// out of the feed, which goes on in order; and their marks still count.
func TestHeldPastTheAckWait(t *testing.T) {
	j := open(t)
	require.NoError(t, j.EnsureSink(bounded(t), "hook", Start{Earliest: true}))
	cons, err := j.js.Consumer(bounded(t), j.names.events(), sinkConsumer("hook", 0))
	require.NoError(t, err)
	config := cons.CachedInfo().Config
	config.AckWait = 100 * time.Millisecond
	_, err = j.js.UpdateConsumer(bounded(t), j.names.events(), config)
	require.NoError(t, err)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 5, 10)))
	feed, err := j.SinkFeed(bounded(t), "hook", 0, Start{})
	require.NoError(t, err)
	defer feed.Stop()
	held := next(t, feed, 5)
	require.Eventually(t, func() bool {
		info, err := cons.Info(bounded(t))
		return err == nil && info.NumRedelivered > 0 && feed.last.Load() > 10
	}, patienceOfTests, probe, "redelivered")
	require.NoError(t, f.Append(bounded(t), events(j, 0, 5, 3, 10)))
	require.Equal(t, count(5, 3), numbers(t, next(t, feed, 3)))
	require.NoError(t, feed.Ack(held[3].Mark))
	floorOf(t, j, j.names.events(), sinkConsumer("hook", 0), held[3].Sequence)
	select {
	case err := <-feed.Broken():
		require.NoError(t, err)
	default:
	}
}

func TestSinkStarts(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 5, 10)))
	require.NoError(t, j.EnsureSink(bounded(t), "late", Start{}))
	require.NoError(t, j.EnsureSink(bounded(t), "early", Start{Earliest: true}))
	require.NoError(t, f.Append(bounded(t), events(j, 0, 5, 5, 10)))
	for _, c := range []struct {
		sink string
		from int
	}{{"late", 5}, {"early", 0}} {
		// Without an acknowledgement a second feed begins at the same place.
		for range 2 {
			feed, err := j.SinkFeed(bounded(t), c.sink, 0, Start{Earliest: c.from == 0})
			require.NoError(t, err)
			msgs := next(t, feed, 10-c.from)
			feed.Stop()
			require.Equal(t, count(c.from, 10-c.from), numbers(t, msgs), c.sink)
			e, err := msgs[0].Event()
			require.NoError(t, err)
			require.Equal(t, msgs[0].Sequence, e.Sequence)
			require.EqualValues(t, c.from, e.Raw)
		}
	}
}

func TestBacklog(t *testing.T) {
	j := open(t)
	backlog := func() uint64 {
		n, err := j.Backlog(bounded(t))
		require.NoError(t, err)
		return n
	}
	require.Zero(t, backlog())
	raw := rawFeed(t, j, 0)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 3, 10)))
	next(t, raw, 3)
	require.Zero(t, backlog(), "what a sequencer has read is its own affair")
	raw.Stop()
	rawFeed(t, j, 0).Stop()

	require.NoError(t, j.EnsureSink(bounded(t), "hook", Start{Earliest: true}))
	require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 5, 10)))
	require.GreaterOrEqual(t, backlog(), uint64(5))
	sink, err := j.SinkFeed(bounded(t), "hook", 0, Start{Earliest: true})
	require.NoError(t, err)
	defer sink.Stop()
	msgs := next(t, sink, 5)
	require.GreaterOrEqual(t, backlog(), uint64(5), "with the sink is not settled")
	require.NoError(t, sink.Ack(msgs[3].Mark))
	floorOf(t, j, j.names.events(), sinkConsumer("hook", 0), msgs[3].Sequence)
	require.NoError(t, sink.Ack(msgs[4].Mark))
	again := rawFeed(t, j, 0)
	next(t, again, 3)
	require.Eventually(t, func() bool { return backlog() == 0 }, patienceOfTests, probe)
}

// TestFeedWaitsForTheDisk stores what no commit makes durable: the feed does that itself, and gives nothing when it cannot.
func TestFeedWaitsForTheDisk(t *testing.T) {
	j := open(t, func(s *setup) { s.connect.Embedded.Sync = SyncAlways })
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 3, 10)))
	f := rawFeed(t, j, 0)
	require.Equal(t, count(0, 3), numbers(t, next(t, f, 3)))
	b := blocksOf(t, j, j.names.raw())
	require.True(t, b.reached.has(3))
	require.False(t, b.reached.has(4))

	publish := func(n int) {
		_, err := j.js.PublishMsg(bounded(t), raw(j, 0, n, 10))
		require.NoError(t, err)
	}
	publish(3)
	require.Equal(t, []int{3}, numbers(t, next(t, f, 1)))
	require.True(t, b.reached.has(4))

	b.mu.Lock()
	b.dir = filepath.Join(t.TempDir(), "elsewhere")
	b.mu.Unlock()
	publish(4)
	require.Eventually(t, func() bool { return b.failed() != nil }, time.Minute, time.Millisecond)
	select {
	case m := <-f.Messages():
		t.Fatalf("%d came out", m.Sequence)
	case <-time.After(2 * awaitSync):
	}
	_, err := j.RawFeed(bounded(t), 0)
	require.ErrorIs(t, err, os.ErrNotExist, "what is not on disk is not read either")
	f.Stop() // It ends although the feed waits.
}

// TestFeedGivesWhatACommitMadeDurable expects the feed to wait for the commit, and not to sync again.
func TestFeedGivesWhatACommitMadeDurable(t *testing.T) {
	b := NewBlocks(t.TempDir(), "none") // a sync would fail
	done := make(chan struct{})
	got := make(chan bool)
	go func() { got <- b.Await(7, done) }()
	b.reached.raise(6)
	b.reached.raise(7)
	require.True(t, <-got)
	require.True(t, b.Await(5, done))
	require.NoError(t, b.failed())
	go func() { got <- b.Await(8, done) }()
	close(done)
	require.False(t, <-got)
}
