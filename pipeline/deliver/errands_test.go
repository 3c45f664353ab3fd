package deliver

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/filter"
	"carillon/pipeline/journal"
	"carillon/pipeline/pipelinetest"
)

// answerError is a refusal with the far side's words.
type answerError struct{ error }

func (answerError) Excerpt() string { return "no such column:\n\"joined\" \u00e9" }

// letters returns the dead letters of a sink in order of their places.
func (r *rig) letters(sink string) []journal.DeadLetter {
	r.t.Helper()
	var all []journal.DeadLetter
	require.NoError(r.t, r.j.Dead(r.ctx, sink, "", 0, func(d journal.DeadLetter) error {
		all = append(all, d)
		return nil
	}))
	return all
}

// send runs an errand about an event and returns what came of it.
func (r *rig) send(sink string, kind journal.ErrandKind, e pipeline.Event) Result {
	r.t.Helper()
	o, err := r.j.SendErrand(r.ctx, sink, 0, journal.Errand{Kind: kind, Event: e, Patience: limit})
	require.NoError(r.t, err)
	return Result(o.Result)
}

// events returns all of EVENTS.
func (r *rig) events() []pipeline.Event {
	r.t.Helper()
	var all []pipeline.Event
	require.NoError(r.t, r.j.EventsBetween(r.ctx, "", time.Time{}.AddDate(2000, 0, 0), time.Now().Add(time.Hour), func(e pipeline.Event) error {
		all = append(all, e)
		return nil
	}))
	return all
}

// rejecting makes a sink reject the events of meeting "a" with these numbers while on is set.
func rejecting(sink *pipelinetest.Sink, on *atomic.Bool, numbers ...int64) {
	sink.Decide(func(e pipeline.Event) error {
		for _, n := range numbers {
			if on.Load() && e.Key == "a" && e.Time.UnixMilli() == n {
				return pipeline.Reject(answerError{fmt.Errorf("row %d: %w", n, errRefused)})
			}
		}
		return nil
	})
}

// TestRedrive sends dead letters again: one that is rejected again stays, with what was said last; one that is accepted is gone, and
// sent once, whoever else asks for it.
func TestRedrive(t *testing.T) {
	r := newRig(t, nil)
	r.fill(5, "a", "b")
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	rejecting(&sink, &on, 2, 4)
	d := r.deliver("out", &sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 8))
	r.settled()
	first := r.letters("out")
	require.Len(t, first, 2)
	l := first[0]
	require.Equal(t, "out", l.Sink)
	require.Equal(t, "row 2: refused for now", l.Reason)
	require.Equal(t, "no such column:\n\"joined\" \u00e9", l.Excerpt)
	require.Equal(t, 1, l.Attempts)
	require.WithinDuration(t, time.Now(), l.Died, limit)
	require.Equal(t, "a 2", string(l.Body))

	require.Equal(t, ResultRejected, r.send("out", journal.ErrandRedrive, l.Event))
	again := r.letters("out")
	require.Len(t, again, 2)
	require.Equal(t, 2, again[1].Attempts, "stored again behind the other one")
	require.Equal(t, l.Sequence, again[1].Sequence)
	require.Equal(t, l.Died, again[1].Died)

	on.Store(false)
	require.Equal(t, ResultAccepted, r.send("out", journal.ErrandRedrive, l.Event))
	require.Equal(t, ResultGone, r.send("out", journal.ErrandRedrive, l.Event))
	require.Equal(t, ResultDropped, r.send("out", journal.ErrandDrop, first[1].Event))
	require.Equal(t, ResultGone, r.send("out", journal.ErrandDrop, first[1].Event))
	require.Empty(t, r.letters("out"))
	d.end()
	require.Equal(t, []int64{1, 3, 5, 2}, numbers(sink.Accepted())["a"])
	_, err := r.j.SendErrand(r.ctx, "out", 0, journal.Errand{Kind: journal.ErrandRedrive, Event: l.Event, Patience: time.Second})
	require.ErrorIs(t, err, journal.ErrNobody)
}

// TestRedriveFiresOnce lets many ask for the same dead letters at once, while the sink is slow and refuses now and then.
func TestRedriveFiresOnce(t *testing.T) {
	r := newRig(t, nil)
	r.fill(20, "a", "b", "c")
	var sink pipelinetest.Sink
	var mended atomic.Bool
	var n atomic.Int64
	sink.Decide(func(e pipeline.Event) error {
		switch {
		case e.Time.UnixMilli()%2 == 1:
			return nil
		case !mended.Load():
			return pipeline.Reject(errRefused)
		case n.Add(1)%3 == 0:
			return errRefused
		}
		return nil
	})
	c := testConfig()
	c.Guard.Last = 0
	d := r.deliver("out", &sink, c)
	r.eventually("dead letters", func() bool { return len(r.dead("out")) == 30 })
	r.settled()
	mended.Store(true)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for left := r.letters("out"); len(left) > 0; left = r.letters("out") {
				for _, l := range left {
					if _, err := r.j.SendErrand(r.ctx, "out", 0, journal.Errand{Kind: journal.ErrandRedrive, Event: l.Event, Patience: limit}); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	d.end()
	seen := map[string]int{}
	for _, e := range sink.Accepted() {
		seen[string(e.Body)]++
	}
	require.Len(t, seen, 60)
	for body, times := range seen {
		require.Equal(t, 1, times, body)
	}
}

// TestRedriveBesideItsLane redrives while the meeting's lane is busy and refused, and expects one Write of the meeting at a time.
func TestRedriveBesideItsLane(t *testing.T) {
	r := newRig(t, nil)
	r.fill(1, "a")
	var sink pipelinetest.Sink
	var mended, redriven atomic.Bool
	var flying atomic.Int64
	sink.Decide(func(e pipeline.Event) error {
		if flying.Add(1) != 1 {
			return pipeline.Fatal(errors.New("two at once"))
		}
		defer flying.Add(-1)
		<-time.After(2 * time.Millisecond)
		switch n := e.Time.UnixMilli(); {
		case n == 1 && !mended.Load():
			return pipeline.Reject(errRefused)
		case n == 1:
			redriven.Store(true)
		case n > 100 && !redriven.Load():
			return errRefused // Whoever waited for the end of the lane would wait for ever.
		}
		return nil
	})
	d := r.deliver("out", &sink, impatient(5))
	r.eventually("a dead letter", func() bool { return len(r.dead("out")) == 1 })
	letter := r.letters("out")[0]
	r.fill(200, "a")
	mended.Store(true)
	require.Equal(t, ResultAccepted, r.send("out", journal.ErrandRedrive, letter.Event), "it waits for the end of its lane")
	require.NoError(t, sink.Wait(r.ctx, 201))
	require.NoError(t, d.Err())
	d.end()
}

// TestDeadLetterOfACrash has a dead letter that was stored before the acknowledgement was: a restart sends the event to nobody, and
// there is one dead letter.
func TestDeadLetterOfACrash(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a")
	e := r.events()[1]
	require.NoError(t, r.j.AppendDead(r.ctx, journal.DeadLetter{Event: e, Sink: "out", Reason: "before the crash", Attempts: 1, Died: time.Now()}))
	var sink pipelinetest.Sink
	d := r.deliver("out", &sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 2))
	r.settled()
	require.Equal(t, []int64{1, 3}, numbers(sink.Accepted())["a"])
	require.Len(t, r.letters("out"), 1)
	require.Equal(t, ResultAccepted, r.send("out", journal.ErrandRedrive, e))
	d.end()
	require.Equal(t, []int64{1, 3, 2}, numbers(sink.Accepted())["a"])
}

// TestStrippedDeadLetter redrives one whose body was left out: it is in EVENTS.
func TestStrippedDeadLetter(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a")
	l := journal.DeadLetter{Event: r.events()[1], Sink: "out", Reason: "too large", Stripped: true, Died: time.Now()}
	l.Body = nil
	require.NoError(t, r.j.AppendDead(r.ctx, l))
	var sink pipelinetest.Sink
	d := r.deliver("out", &sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 2))
	require.Equal(t, ResultAccepted, r.send("out", journal.ErrandRedrive, l.Event))
	d.end()
	require.Equal(t, "a 2", string(sink.Accepted()[2].Body))
}

// TestOnDeadPark rejects one event: nothing more of its meeting is sent, the floor and the others go on, also after a restart, until
// it was redriven; then the rest follows in order.
func TestOnDeadPark(t *testing.T) {
	r := newRig(t, nil)
	r.fill(5, "a", "b")
	var on atomic.Bool
	on.Store(true)
	config := testConfig()
	config.OnDead = OnDeadPark
	var first, second pipelinetest.Sink
	rejecting(&first, &on, 2)
	rejecting(&second, &on, 2)
	d := r.deliver("out", &first, config)
	require.NoError(t, first.Wait(r.ctx, 6))
	r.settled()
	r.fill(2, "a", "b")
	require.NoError(t, first.Wait(r.ctx, 8))
	r.parked(d, 1)
	r.settled()
	require.Equal(t, map[string][]int64{"a": {1}, "b": upTo(7)}, numbers(first.Accepted()))
	d.end()

	d = r.deliver("out", &second, config)
	r.fill(1, "a", "b")
	require.NoError(t, second.Wait(r.ctx, 1))
	r.settled()
	require.Equal(t, map[string][]int64{"b": {8}}, numbers(second.Accepted()))
	letter := r.letters("out")[0].Event
	require.Equal(t, ResultRejected, r.send("out", journal.ErrandRedrive, letter))
	on.Store(false)
	require.Equal(t, ResultAccepted, r.send("out", journal.ErrandRedrive, letter))
	require.NoError(t, second.Wait(r.ctx, 8))
	r.settled()
	r.parked(d, 0)
	d.end()
	require.Equal(t, []int64{2, 3, 4, 5, 6, 7, 8}, numbers(second.Accepted())["a"])
}

// TestReplay sends history again, marked, and nothing that the sink gets anyway, that is a dead letter, or that it does not want.
func TestReplay(t *testing.T) {
	r := newRig(t, nil)
	r.fill(5, "a", "stuck")
	unwanted := r.event("a")
	unwanted.Kind = "chime:MeetingEnded"
	r.append(unwanted)
	var sink pipelinetest.Sink
	sink.Decide(func(e pipeline.Event) error {
		switch n := e.Time.UnixMilli(); {
		case e.Key == "stuck" && n > 2:
			return errRefused
		case e.Key == "a" && n == 3:
			return pipeline.Reject(errRefused)
		}
		return nil
	})
	c := testConfig()
	c.Where = `kind != "chime:MeetingEnded"`
	d := r.deliver("out", &sink, c)
	r.eventually("settled", func() bool { return d.metric("carillon_deliver_delivered_total") == 6 })
	r.eventually("a dead letter", func() bool { return len(r.dead("out")) == 1 })
	results := map[string][]Result{}
	for _, e := range r.events() {
		results[e.Key] = append(results[e.Key], r.send("out", journal.ErrandReplay, e))
	}
	require.Equal(t, map[string][]Result{
		"a":     {ResultAccepted, ResultAccepted, ResultDead, ResultAccepted, ResultAccepted, ResultUnwanted},
		"stuck": {ResultAccepted, ResultAccepted, ResultWaiting, ResultWaiting, ResultWaiting},
	}, results)
	d.end()
	require.Equal(t, []int64{1, 2, 4, 5, 1, 2, 4, 5}, numbers(sink.Accepted())["a"])
	for i, e := range sink.Accepted() {
		require.Equal(t, i >= 6, e.Replay)
		require.NotZero(t, e.Epoch)
	}
	require.Len(t, r.letters("out"), 1, "what is replayed and not accepted is no dead letter")
}

// TestRedriveIsAProbe redrives while a sink is held back and nothing else waits: that is what tells that it may go on.
func TestRedriveIsAProbe(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a")
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	rejecting(&sink, &on, 1, 2, 3)
	c := testConfig()
	c.Guard = GuardConfig{Last: 4, Share: 0.5}
	d := r.deliver("out", &sink, c)
	r.eventually("held back", func() bool { return d.Condition().State == StateHeld })
	r.settled()
	require.Len(t, r.letters("out"), 3)
	letter := r.letters("out")[0]
	require.Equal(t, ResultRejected, r.send("out", journal.ErrandRedrive, letter.Event))
	require.Equal(t, letter, r.letters("out")[0], "what is said while a sink is held back says nothing about the event")
	on.Store(false)
	require.Equal(t, ResultAccepted, r.send("out", journal.ErrandRedrive, letter.Event))
	require.Equal(t, StateDelivering, d.Condition().State)
	d.end()
}

// TestErrandWithoutTurn asks while the sink takes nothing, and expects an answer in time, and nothing to be sent later.
func TestErrandWithoutTurn(t *testing.T) {
	r := newRig(t, nil)
	r.fill(1, "a")
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	rejecting(&sink, &on, 1)
	h := &hanging{entered: make(chan struct{}, 1)}
	d := r.deliver("out", &sink, testConfig())
	r.eventually("a dead letter", func() bool { return len(r.dead("out")) == 1 })
	d.end()
	letter := r.letters("out")[0].Event
	d = r.deliver("out", h, testConfig())
	r.fill(1, "a")
	<-h.entered
	o, err := r.j.SendErrand(r.ctx, "out", 0, journal.Errand{Kind: journal.ErrandRedrive, Event: letter, Patience: 100 * time.Millisecond})
	require.NoError(t, err)
	require.Equal(t, journal.Outcome{Result: string(ResultBusy), Reason: errNoTurn.Error()}, o)
	d.stop()
	d.Abort()
	d.end()
	require.Len(t, r.letters("out"), 1)
}

// TestWhereCounts expects an event for which the expression cannot be true to be passed over, and counted.
func TestWhereCounts(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a")
	var sink pipelinetest.Sink
	c := testConfig()
	c.Where = `detail.networkType == "Voip"`
	d := r.deliver("out", &sink, c)
	r.settled()
	require.InDelta(t, 3, d.metric("carillon_deliver_skipped_total"), 0)
	require.InDelta(t, 3, d.metric("carillon_deliver_where_failures_total"), 0)
	d.end()
	require.Empty(t, sink.Accepted())
	require.NotNil(t, d.metrics.unjudged[filter.Costly])
}

// TestStartAtATime expects a new sink to begin with the first event that was stored then.
func TestStartAtATime(t *testing.T) {
	r := newRig(t, nil)
	r.fill(3, "a")
	<-time.After(1100 * time.Millisecond) // A start is told in seconds.
	at := time.Now().Truncate(time.Second).Format(time.RFC3339)
	r.fill(2, "a")
	for start, want := range map[Start][]int64{Start(at): {4, 5}, "2000-01-01T00:00:00Z": upTo(5)} {
		var sink pipelinetest.Sink
		c := testConfig()
		c.Start = start
		d := r.deliver(fmt.Sprintf("out-%d", len(want)), &sink, c)
		require.NoError(t, sink.Wait(r.ctx, len(want)))
		d.end()
		require.Equal(t, want, numbers(sink.Accepted())["a"])
	}
}
