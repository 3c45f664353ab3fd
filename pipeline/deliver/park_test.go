package deliver

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/journal"
	"carillon/pipeline/pipelinetest"
)

// behind is how many events one poisoned meeting has behind its first.
const behind = 10_000

// poison makes a sink refuse meeting "bad" while on is set, and returns how often it was asked.
func poison(sink *pipelinetest.Sink, on *atomic.Bool) *atomic.Int64 {
	var asked atomic.Int64
	sink.Decide(func(e pipeline.Event) error {
		if e.Key == "bad" && on.Load() {
			asked.Add(1)
			return errRefused
		}
		return nil
	})
	return &asked
}

// parked waits until so many lanes are parked.
func (r *rig) parked(d *delivery, n int) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("%d parked", n), func() bool { return d.metric("carillon_deliver_parked_lanes") == float64(n) })
}

// stored returns what is stored of the parked lanes of a sink. Nothing may be delivering meanwhile.
func (r *rig) stored(sink string) map[string]uint64 {
	r.t.Helper()
	_, lanes, err := r.j.OpenParked(r.ctx, sink, 0)
	require.NoError(r.t, err)
	return lanes
}

// impatient parks after few events.
func impatient(laneMax int) Config {
	c := testConfig()
	c.LaneMax = laneMax
	return c
}

// TestPoisonedMeetingHoldsNobodyUp refuses one meeting for hours, with 10,000 events behind it: every other meeting gets its events at
// once, a restart repeats none of theirs, and the poisoned one goes on in order when it is accepted.
func TestPoisonedMeetingHoldsNobodyUp(t *testing.T) {
	r := newRig(t, nil)
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	poison(&sink, &on)
	var worst time.Duration
	slow := 0
	var c clock
	config := testConfig()
	config.Retry = DefaultConfig().Retry
	d := r.build("out", &sink, config)
	d.set.Clock = c.time
	d.run(r.ctx, r.fence.Epoch)
	others := []string{"a", "b", "c", "d", "e"}
	const rounds = behind / 100
	for n := range rounds {
		c.pass(12 * time.Hour / rounds)
		var events []*pipeline.Event
		for range 100 {
			events = append(events, r.event("bad"))
		}
		for _, key := range others {
			events = append(events, r.event(key))
		}
		r.append(events...)
		stored := time.Now() // How long storing takes is the disk's affair.
		require.NoError(t, sink.Wait(r.ctx, (n+1)*len(others)))
		took := time.Since(stored)
		worst = max(worst, took)
		if took > time.Second {
			slow++
		}
	}
	require.Less(t, worst, 5*time.Second)
	require.LessOrEqual(t, slow, rounds/50, "a busy machine stands still now and then; a poisoned meeting is in the way of every round")
	t.Logf("%d events behind the poisoned one, others delivered within %s", behind, worst)
	r.settled()
	r.parked(d, 1)
	require.InDelta(t, 1, d.metric("carillon_deliver_parked_total"), 0)
	d.end()

	var second pipelinetest.Sink
	poison(&second, &on)
	d = r.deliver("out", &second, testConfig())
	r.fill(1, others...)
	require.NoError(t, second.Wait(r.ctx, len(others)))
	r.parked(d, 1)
	for _, key := range others {
		require.Equal(t, []int64{rounds + 1}, numbers(second.Accepted())[key], "repeated")
	}
	begin := time.Now()
	on.Store(false)
	require.NoError(t, second.Wait(r.ctx, len(others)+behind))
	t.Logf("caught up in %s", time.Since(begin))
	r.fill(3, "bad")
	require.NoError(t, second.Wait(r.ctx, len(others)+behind+3))
	r.settled()
	r.parked(d, 0)
	d.end()
	require.Equal(t, upTo(behind+3), numbers(second.Accepted())["bad"])
	require.Empty(t, r.stored("out"))
}

// TestRestartWhileCatchingUp stops again and again in the middle, and expects little to come twice and nothing to be missing.
func TestRestartWhileCatchingUp(t *testing.T) {
	const all = 4 * pageEvents
	r := newRig(t, nil)
	r.fill(all, "bad")
	var got []int64
	for life := 0; len(got) == 0 || got[len(got)-1] < all; life++ {
		require.Less(t, life, 40)
		var sink pipelinetest.Sink
		var n atomic.Int64
		sink.Decide(func(pipeline.Event) error {
			if n.Add(1) > 100 {
				return errRefused
			}
			return nil
		})
		d := r.deliver("out", &sink, impatient(10))
		r.eventually("a life's share", func() bool {
			accepted := sink.Accepted()
			return n.Load() > 100 || len(accepted) > 0 && accepted[len(accepted)-1].Time.UnixMilli() == all
		})
		d.end()
		part := numbers(sink.Accepted())["bad"]
		for i := 1; i < len(part); i++ {
			require.Equal(t, part[i-1]+1, part[i])
		}
		if len(got) > 0 {
			require.LessOrEqual(t, part[0], got[len(got)-1]+1, "skipped")
			require.Greater(t, part[0], got[len(got)-1]-10, "a clean stop repeats what no acknowledgement reached, and no more")
		}
		got = append(got, part...)
	}
	slices.Sort(got)
	require.Equal(t, upTo(all), slices.Compact(got))
}

// TestPurgeLeavesWhatAParkedLaneNeeds runs out of space while a meeting is parked: what is older goes, what it needs stays, and it
// gets every event in the end.
func TestPurgeLeavesWhatAParkedLaneNeeds(t *testing.T) {
	change, client := listening(t)
	r := newRig(t, func(s *pipelinetest.JournalSetup) {
		change(s)
		s.Stream.MaxBytes = 2 * pipeline.MiB
	})
	large := func(n int, key string) {
		var events []*pipeline.Event
		for range n {
			e := r.event(key)
			e.Body = make([]byte, 950)
			events = append(events, e)
		}
		r.append(events...)
	}
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	poison(&sink, &on)
	d := r.deliver("out", &sink, impatient(100))
	large(20, "a")
	large(200, "bad")
	large(1150, "b")
	require.NoError(t, sink.Wait(r.ctx, 1170))
	r.parked(d, 1)
	js := client()
	first := func() uint64 {
		s, err := js.Stream(r.ctx, "CHIME_EVENTS")
		require.NoError(t, err)
		require.NoError(t, r.fence.Renew(r.ctx)) // As its owner does when a purge waits for it.
		return s.CachedInfo().State.FirstSeq
	}
	const parkedAt = 1 + 20 + 1 // The fence and the other meeting are before it.
	r.eventually("a purge up to the parked meeting", func() bool { return first() == parkedAt })
	<-time.After(2500 * time.Millisecond) // Longer than the pause between two purges for space.
	require.EqualValues(t, parkedAt, first())
	on.Store(false)
	require.NoError(t, sink.Wait(r.ctx, 1370))
	require.Equal(t, upTo(200), numbers(sink.Accepted())["bad"])
	r.parked(d, 0)
	r.eventually("a purge beyond", func() bool { return first() > parkedAt })
	d.end()
}

// clock is a clock that a test moves.
type clock struct{ now atomic.Int64 }

func (c *clock) time() time.Time { return time.Unix(1_700_000_000, c.now.Load()) }

func (c *clock) pass(d time.Duration) { c.now.Add(int64(d)) }

// TestRefusedForHours moves the clock over hours of backoff, and expects few attempts, and the meeting complete in the end.
func TestRefusedForHours(t *testing.T) {
	r := newRig(t, nil)
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	asked := poison(&sink, &on)
	var c clock
	config := impatient(1000)
	config.LanePatience, config.Retry.Initial, config.Retry.Max = 10*time.Minute, time.Second, time.Hour
	d := r.build("out", &sink, config)
	d.set.Clock = c.time
	d.run(r.ctx, r.fence.Epoch)
	r.fill(20, "bad", "a")
	require.NoError(t, sink.Wait(r.ctx, 20))
	failed := func() float64 { return testutil.ToFloat64(d.metrics.failed[pipeline.ClassRetry]) }
	r.eventually("the first attempt", func() bool { return failed() == 1 })
	<-time.After(2 * ackEvery)
	require.EqualValues(t, 1, asked.Load(), "the clock stands still")
	for asked.Load() < 20 {
		before, settled := asked.Load(), failed()
		c.pass(time.Hour)
		// And settled: the next pause begins at the time of the clock, which must not have passed on by then.
		r.eventually("an attempt an hour", func() bool { return asked.Load() == before+1 && failed() > settled })
	}
	r.parked(d, 1)
	r.settled()
	on.Store(false)
	c.pass(time.Hour)
	require.NoError(t, sink.Wait(r.ctx, 40))
	r.parked(d, 0)
	d.end()
	require.Equal(t, map[string][]int64{"a": upTo(20), "bad": upTo(20)}, numbers(sink.Accepted()))
}

// TestOutageParksFew has a sink that accepts nothing: parking would free nobody, and all comes in order when it is back.
func TestOutageParksFew(t *testing.T) {
	r := newRig(t, nil)
	keys := make([]string, 2*maxBlind)
	for i := range keys {
		keys[i] = fmt.Sprintf("m%d", i)
	}
	r.fill(3, keys...)
	var sink pipelinetest.Sink
	var down atomic.Bool
	var asked atomic.Int64
	down.Store(true)
	sink.Decide(func(pipeline.Event) error {
		if asked.Add(1); down.Load() {
			return errRefused
		}
		return nil
	})
	c := impatient(2)
	d := r.deliver("out", &sink, c)
	r.parked(d, maxBlind)
	before := asked.Load()
	r.eventually("more attempts", func() bool { return asked.Load() > before+20 })
	require.InDelta(t, maxBlind, d.metric("carillon_deliver_parked_lanes"), 0)
	down.Store(false)
	require.NoError(t, sink.Wait(r.ctx, 3*len(keys)))
	r.settled()
	r.parked(d, 0)
	d.end()
	for key, got := range numbers(sink.Accepted()) {
		require.Equal(t, upTo(3), got, key)
	}
}

// TestDeadLettersOfAParkedMeeting rejects some events of it: they are stored once, the others follow, and a restart sends none
// of them again.
func TestDeadLettersOfAParkedMeeting(t *testing.T) {
	r := newRig(t, nil)
	var sink pipelinetest.Sink
	var open atomic.Bool
	sink.Decide(func(e pipeline.Event) error {
		switch n := e.Time.UnixMilli(); {
		case !open.Load() || n > 40:
			return errRefused
		case n%10 == 0:
			return pipeline.Reject(errRefused)
		}
		return nil
	})
	d := r.deliver("out", &sink, impatient(5))
	r.fill(50, "bad")
	r.parked(d, 1)
	open.Store(true)
	require.NoError(t, sink.Wait(r.ctx, 36))
	r.eventually("the last dead letter", func() bool { return len(r.dead("out")) == 4 })
	d.end()
	require.Len(t, r.stored("out"), 1)

	var second pipelinetest.Sink
	d = r.deliver("out", &second, impatient(5))
	require.NoError(t, second.Wait(r.ctx, 10))
	r.parked(d, 0)
	d.end()
	want := slices.DeleteFunc(upTo(50), func(n int64) bool { return n%10 == 0 && n <= 40 })
	require.Equal(t, want, slices.Concat(numbers(sink.Accepted())["bad"], numbers(second.Accepted())["bad"]))
}

// TestLongLane expects a meeting that is only fast to come complete, in order and once, parked or not, with kinds that the sink
// does not want and foreign messages in between.
func TestLongLane(t *testing.T) {
	r := newRig(t, nil)
	var events []*pipeline.Event
	want := []int64{}
	for i := range 3000 {
		e := r.event("a")
		if i%7 == 0 {
			e.Kind = "chime:MeetingEnded"
		} else {
			want = append(want, e.Time.UnixMilli())
		}
		events = append(events, e)
	}
	r.append(events[:1500]...)
	var sink pipelinetest.Sink
	c := impatient(20)
	c.Kinds = []string{"chime:Attendee*"}
	d := r.deliver("out", &sink, c)
	for _, e := range events[1500:] {
		r.append(e)
	}
	require.NoError(t, sink.Wait(r.ctx, len(want)))
	r.settled()
	r.parked(d, 0)
	d.end()
	require.Equal(t, want, numbers(sink.Accepted())["a"])
	require.Positive(t, d.metric("carillon_deliver_parked_total"))
	require.InDelta(t, 3000-len(want), d.metric("carillon_deliver_skipped_total"), 0)
	require.InDelta(t, len(want), d.metric("carillon_deliver_delivered_total"), 0)
}

// TestDeposedOwnerParksNothing lets somebody else open the parked lanes: the run ends, because it must be taken anew.
func TestDeposedOwnerParksNothing(t *testing.T) {
	r := newRig(t, nil)
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	asked := poison(&sink, &on)
	r.fill(1, "bad")
	d := r.deliver("out", &sink, impatient(5))
	r.eventually("an attempt", func() bool { return asked.Load() > 0 })
	require.Empty(t, r.stored("out"))
	r.fill(20, "bad")
	select {
	case err := <-d.done:
		require.ErrorIs(t, err, journal.ErrFenced)
	case <-time.After(limit):
		require.Fail(t, "Run goes on")
	}
	require.Empty(t, r.stored("out"))
	d.stop()
	require.NoError(t, d.Stop(r.ctx))
}

// TestNoRoomToPark expects a lane to stay as it is while there is no room, and to be parked when there is.
func TestNoRoomToPark(t *testing.T) {
	change, client := listening(t)
	r := newRig(t, change)
	other, _, err := r.j.OpenParked(r.ctx, "other", 0)
	require.NoError(t, err)
	for n := 0; err == nil; n++ {
		require.Less(t, n, 100_000)
		err = other.Park(r.ctx, fmt.Sprintf("%060d", n), 1)
	}
	require.ErrorIs(t, err, journal.ErrFull)
	var sink pipelinetest.Sink
	var on atomic.Bool
	on.Store(true)
	asked := poison(&sink, &on)
	d := r.deliver("out", &sink, impatient(5))
	r.fill(20, "bad", "a")
	require.NoError(t, sink.Wait(r.ctx, 20))
	r.eventually("attempts", func() bool { return asked.Load() > 100 })
	require.Zero(t, d.metric("carillon_deliver_parked_lanes"))
	s, err := client().Stream(r.ctx, "KV_CHIME_PARKED")
	require.NoError(t, err)
	require.NoError(t, s.Purge(r.ctx, jetstream.WithPurgeSubject("$KV.CHIME_PARKED.other.>")))
	r.parked(d, 1)
	on.Store(false)
	require.NoError(t, sink.Wait(r.ctx, 40))
	d.end()
	require.Equal(t, upTo(20), numbers(sink.Accepted())["bad"])
}
