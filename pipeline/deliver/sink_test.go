package deliver

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// TestPoisonedMeetingStopsNoOther refuses one meeting for good and every third attempt of the others, and expects the others
// complete and in order, and the poisoned one at its first event.
func TestPoisonedMeetingStopsNoOther(t *testing.T) {
	r := newRig(t, nil)
	r.fill(20, "bad", "a", "b", "c")
	var sink pipelinetest.Sink
	var attempts, poisoned atomic.Int64
	sink.Decide(func(e pipeline.Event) error {
		if e.Key == "bad" {
			if e.Time.UnixMilli() != 1 {
				return pipeline.Fatal(errors.New("an event overtook its predecessor"))
			}
			poisoned.Add(1)
			return errRefused
		}
		if attempts.Add(1)%3 == 0 {
			return errRefused
		}
		return nil
	})
	d := r.deliver("out", &sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 60))
	r.eventually("several attempts", func() bool { return poisoned.Load() > 5 })
	d.end()
	require.NoError(t, d.Err())
	require.Equal(t, map[string][]int64{"a": upTo(20), "b": upTo(20), "c": upTo(20)}, numbers(sink.Accepted()))
	require.InDelta(t, 60, d.metric("carillon_deliver_delivered_total"), 0)
	require.InDelta(t, 0, d.metric("carillon_deliver_waiting_lanes"), 0)
}

// TestManyPassOnePoisoned sends far more past a stuck meeting than may be unsettled at once.
func TestManyPassOnePoisoned(t *testing.T) {
	r := newRig(t, nil)
	r.fill(1, "bad")
	var sink pipelinetest.Sink
	sink.Decide(func(e pipeline.Event) error {
		if e.Key == "bad" {
			return errRefused
		}
		return nil
	})
	d := r.deliver("out", &sink, testConfig())
	r.fill(maxOpen/2, "a", "b", "c")
	require.NoError(t, sink.Wait(r.ctx, 3*(maxOpen/2)))
	d.end()
}

// TestRejectedGoesToDeadOnce expects a rejected event to be stored once and skipped for ever, and its meeting to go on.
func TestRejectedGoesToDeadOnce(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a")
	r.fill(1, "stuck")
	var sink pipelinetest.Sink
	sink.Decide(func(e pipeline.Event) error {
		switch {
		case e.Key == "stuck":
			return errRefused
		case e.Time.UnixMilli() == 2:
			return pipeline.Reject(errRefused)
		}
		return nil
	})
	d := r.deliver("out", &sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 2))
	d.end()
	require.Equal(t, []int64{1, 3}, numbers(sink.Accepted())["a"])
	require.Len(t, r.dead("out"), 1)
	require.InDelta(t, 1, d.metric("carillon_deliver_dead_total"), 0)
	require.True(t, sink.Closed())

	var second pipelinetest.Sink // The floor may stand at the first event; the dead one must not come again.
	d = r.deliver("out", &second, testConfig())
	require.NoError(t, second.Wait(r.ctx, 1))
	r.settled()
	d.end()
	require.NotContains(t, numbers(second.Accepted())["a"], int64(2))
	require.InDelta(t, 0, d.metric("carillon_deliver_dead_total"), 0)
	require.Len(t, r.dead("out"), 1)
}

// TestGiveUp expects an event that is refused for longer than give_up_after to go to the dead letters.
func TestGiveUp(t *testing.T) {
	r := newRig(t, nil)
	r.fill(2, "a")
	var sink pipelinetest.Sink
	sink.Decide(func(e pipeline.Event) error {
		if e.Time.UnixMilli() == 1 {
			return errRefused
		}
		return nil
	})
	c := testConfig()
	c.Retry.GiveUpAfter = 30 * time.Millisecond
	d := r.deliver("out", &sink, c)
	require.NoError(t, sink.Wait(r.ctx, 1))
	r.settled()
	d.end()
	require.Equal(t, []int64{2}, numbers(sink.Accepted())["a"])
	require.Len(t, r.dead("out"), 1)
}

// TestRestartGoesOnAtTheFloor stops with one meeting stuck: what comes again is what was read after the floor, in order, and
// nothing below it.
func TestRestartGoesOnAtTheFloor(t *testing.T) {
	r := newRig(t, nil)
	r.fill(10, "a")
	var first pipelinetest.Sink
	d := r.deliver("out", &first, testConfig())
	require.NoError(t, first.Wait(r.ctx, 10))
	d.end()
	r.settled()

	r.fill(5, "stuck", "a")
	var second pipelinetest.Sink
	second.Decide(func(e pipeline.Event) error {
		if e.Key == "stuck" && e.Time.UnixMilli() == 2 {
			return errRefused
		}
		return nil
	})
	d = r.deliver("out", &second, testConfig())
	require.NoError(t, second.Wait(r.ctx, 6))
	d.end()
	require.Equal(t, map[string][]int64{"a": {11, 12, 13, 14, 15}, "stuck": {1}}, numbers(second.Accepted()))
	r.eventually("the floor", func() bool { // The server takes an acknowledgement in its own time.
		left, err := r.j.Backlog(r.ctx)
		return err == nil && left == 8
	})

	var third pipelinetest.Sink
	d = r.deliver("out", &third, testConfig())
	require.NoError(t, third.Wait(r.ctx, 8))
	r.settled()
	d.end()
	require.Equal(t, map[string][]int64{"a": {12, 13, 14, 15}, "stuck": {2, 3, 4, 5}}, numbers(third.Accepted()))
}

// TestKinds expects what a sink does not want to be passed over and acknowledged.
func TestKinds(t *testing.T) {
	r := newRig(t, nil)
	wanted, unwanted := r.event("a"), r.event("a")
	unwanted.Kind = "chime:MeetingEnded"
	r.append(wanted, unwanted)
	var sink pipelinetest.Sink
	c := testConfig()
	c.Kinds = []string{"chime:Attendee*"}
	d := r.deliver("out", &sink, c)
	r.settled()
	d.end()
	require.Equal(t, []int64{1}, numbers(sink.Accepted())["a"])
	require.InDelta(t, 1, d.metric("carillon_deliver_skipped_total"), 0)
}

// TestStartNow expects a new sink to begin with what comes after it was added, also when nothing was read before a restart.
func TestStartNow(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a")
	c := testConfig()
	c.Start = StartNow
	require.NoError(t, r.build("out", &pipelinetest.Sink{}, c).Stop(r.ctx))
	r.fill(2, "a")
	var sink pipelinetest.Sink
	d := r.deliver("out", &sink, c)
	require.NoError(t, sink.Wait(r.ctx, 2))
	d.end()
	require.Equal(t, []int64{4, 5}, numbers(sink.Accepted())["a"])
}

// hanging is a sink whose Write returns when its context ends.
type hanging struct{ entered chan struct{} }

func (h *hanging) Write(ctx context.Context, _ []pipeline.Event) error {
	h.entered <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

func (*hanging) Close(context.Context) error { return nil }

// TestAbort expects a Run that was told to stop to wait for what hangs in the sink until it is cut short, the event to
// come again, and the sink not to be taken for one that is away, however many meetings had something there.
func TestAbort(t *testing.T) {
	r := newRig(t, nil)
	keys := []string{"a", "b", "c", "d", "e", "f"}
	r.fill(2, keys...)
	h := &hanging{entered: make(chan struct{}, 2*len(keys))}
	c := testConfig()
	c.MaxInFlight = len(keys)
	d := r.deliver("out", h, c)
	for range keys {
		<-h.entered
	}
	d.stop()
	select {
	case err := <-d.done:
		require.Fail(t, "Run left an event in flight", "%v", err)
	case <-time.After(50 * time.Millisecond):
	}
	d.Abort()
	d.end()
	require.Equal(t, Condition{State: StateDelivering}, d.Condition())
	require.Empty(t, r.dead("out"))
	var sink pipelinetest.Sink
	d = r.deliver("out", &sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 2*len(keys)))
	d.end()
	require.Equal(t, upTo(2), numbers(sink.Accepted())["a"])
}

// TestFatalStopsOneSink expects a sink that cannot go on to stop and say why, the other one to go on, and nothing to be lost.
func TestFatalStopsOneSink(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a", "b")
	var broken, sound pipelinetest.Sink
	broken.Decide(func(e pipeline.Event) error {
		if e.Time.UnixMilli() == 2 {
			return pipeline.Fatal(errRefused)
		}
		return nil
	})
	d, other := r.deliver("broken", &broken, testConfig()), r.deliver("sound", &sound, testConfig())
	d.returned()
	require.ErrorIs(t, d.Err(), errRefused)
	<-d.Failed()
	require.NoError(t, d.Stop(r.ctx))
	require.NoError(t, sound.Wait(r.ctx, 6))
	require.NoError(t, other.Err())
	other.end()
	require.Empty(t, r.dead("broken"))
	require.NotContains(t, numbers(broken.Accepted())["a"], int64(2))

	var mended pipelinetest.Sink
	d = r.deliver("broken", &mended, testConfig())
	require.NoError(t, mended.Wait(r.ctx, 4))
	r.settled()
	d.end()
	for _, key := range []string{"a", "b"} {
		all := append(numbers(broken.Accepted())[key], numbers(mended.Accepted())[key]...)
		slices.Sort(all)
		require.Equal(t, upTo(3), slices.Compact(all))
	}
}

// batching takes several events at once and answers by index.
type batching struct {
	pipelinetest.Sink
	answer func(events []pipeline.Event) error
}

func (*batching) MaxBatch() int { return 16 }

func (b *batching) Write(ctx context.Context, events []pipeline.Event) error {
	err := b.answer(events)
	for i, e := range pipeline.FailedAt(err, len(events)) {
		if e == nil {
			if err := b.Sink.Write(ctx, events[i:i+1]); err != nil {
				return err
			}
		}
	}
	return err
}

// TestFailureInTheMiddleOfABatch refuses one event of a meeting, and with it those behind it, while the rest of the batch is
// accepted: nothing is repeated or overtakes, and the other meetings go on.
func TestFailureInTheMiddleOfABatch(t *testing.T) {
	r := newRig(t, nil)
	r.fill(6, "a", "b")
	refusals, largest := 0, 0
	sink := &batching{answer: func(events []pipeline.Event) error {
		largest = max(largest, len(events))
		failed := &pipeline.BatchError{}
		for i, e := range events {
			hit := e.Key == "a" && e.Time.UnixMilli() == 3 && refusals < 4
			behind := len(failed.Failed) > 0 && e.Key == "a"
			if hit || behind {
				failed.Failed = append(failed.Failed, pipeline.IndexError{Index: i, Err: errRefused})
			}
		}
		if len(failed.Failed) == 0 {
			return nil
		}
		refusals++
		return failed
	}}
	d := r.deliver("out", sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 12))
	r.settled()
	d.end()
	require.Equal(t, map[string][]int64{"a": upTo(6), "b": upTo(6)}, numbers(sink.Accepted()))
	require.Equal(t, 4, refusals)
	require.Greater(t, largest, 1)
}
