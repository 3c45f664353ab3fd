package sequence_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/pipelinetest"
	"carillon/pipeline/sequence"
)

// TestCopiesBecomeWitnesses expects one event of three copies, and each further one counted for its source.
func TestCopiesBecomeWitnesses(t *testing.T) {
	r := newRig(t, inTime(window), nil)
	s := r.sequencer()
	s.start()
	n := r.note("a", "chime:MeetingStarted", "", 1000)
	for _, source := range []string{"bus", "queue", "bus", "unknown"} {
		n.Source = source
		r.write(n)
	}
	events := r.requireEvents()["a"]
	require.Len(t, events, 1)
	require.Equal(t, "bus", events[0].Source)
	require.Eventually(t, func() bool { return s.sum("carillon_dedupe_witnesses_total") == 3 }, limit, time.Millisecond)
	s.end()
	require.NoError(t, testutil.GatherAndCompare(s.reg, strings.NewReader(`
# HELP carillon_dedupe_witnesses_total Copies of events that were known, by source.
# TYPE carillon_dedupe_witnesses_total counter
carillon_dedupe_witnesses_total{source="bus"} 1
carillon_dedupe_witnesses_total{source="other"} 1
carillon_dedupe_witnesses_total{source="queue"} 1
carillon_dedupe_witnesses_total{source="topic"} 0
`), "carillon_dedupe_witnesses_total"))
	require.Equal(t, 1, s.sum("carillon_dedupe_events_total"))
}

// TestHistoryAfterARestart expects a new process to know from EVENTS what is a copy, what is late, and the state of an
// attendee.
func TestHistoryAfterARestart(t *testing.T) {
	r := newRig(t, inTime(ample), nil)
	first := r.sequencer()
	first.start()
	known := r.note("a", "chime:AttendeeJoined", "x", 2000)
	r.write(known)
	r.requireEvents()
	first.end()

	second := r.sequencer()
	second.start()
	known.Source = "topic"
	drop, join := r.note("a", "chime:AttendeeDropped", "x", 3000), r.note("a", "chime:AttendeeJoined", "x", 3000)
	r.write(known, join, drop, r.note("a", "chime:MeetingStarted", "", 1500))
	events := r.requireEvents()["a"]
	second.end()
	require.Equal(t, 1, second.sum("carillon_dedupe_witnesses_total"))
	require.Equal(t, 3, second.sum("carillon_dedupe_events_total"))
	require.Len(t, events, 4)
	require.True(t, events[1].IsLate)
	require.Equal(t, 500*time.Millisecond, events[1].Late)
	require.Equal(t, drop.ID, events[2].ID)
	require.Equal(t, join.ID, events[3].ID)
}

// TestModeNone expects events in the order of arrival, each once, none late.
func TestModeNone(t *testing.T) {
	r := newRig(t, order.Config{Mode: order.ModeNone, Late: order.LateForward}, nil)
	s := r.sequencer()
	s.start()
	r.write(r.script(100)...)
	for _, events := range r.requireEvents() {
		for i, e := range events {
			require.False(t, e.IsLate)
			require.True(t, i == 0 || events[i-1].Raw < e.Raw)
		}
	}
	s.end()
}

// TestBacklog writes while no sequencer runs, with a pause longer than the window in the middle: what comes of it is late
// exactly where a sequencer that had run would have marked it.
func TestBacklog(t *testing.T) {
	r := newRig(t, inTime(ample), nil)
	late := r.note("a", "chime:MeetingStarted", "", 1000)
	r.write(r.note("a", "chime:AttendeeLeft", "x", 3000), r.note("a", "chime:AttendeeJoined", "x", 2000))
	r.pause(2 * ample)
	r.write(late)
	r.writeSlowly(r.script(100))
	s := r.sequencer()
	s.start()
	events := r.requireEvents()["a"]
	s.end()
	require.False(t, events[0].IsLate)
	require.False(t, events[1].IsLate)
	require.Equal(t, late.ID, events[2].ID)
	require.Equal(t, 2*time.Second, events[2].Late)
}

// TestNothingIsLateWithinTheWindow writes all copies of all events shuffled, within the window.
func TestNothingIsLateWithinTheWindow(t *testing.T) {
	r := newRig(t, inTime(2*time.Second), nil)
	s := r.sequencer()
	s.start()
	ns := r.script(300)
	r.dice.Shuffle(len(ns), func(i, j int) { ns[i], ns[j] = ns[j], ns[i] })
	r.write(ns...)
	for _, events := range r.requireEvents() {
		for _, e := range events {
			require.False(t, e.IsLate)
		}
	}
	s.end()
	require.Zero(t, s.sum("carillon_order_held_events"))
	require.Zero(t, s.sum("carillon_order_forced_total"))
}

// TestStopsAtAnyMoment stops, fences off and starts sequencers at random moments while records come, with so little memory
// that meetings are loaded all the time. In the end EVENTS is what one undisturbed reading of RAW gives, and every record was
// counted once, by the sequencer that lived through all of it.
func TestStopsAtAnyMoment(t *testing.T) {
	for range 4 {
		t.Run("", func(t *testing.T) {
			r := newRig(t, inTime(window), nil)
			r.limit.Meetings = 2
			s := r.sequencer()
			var writing sync.WaitGroup
			ns, foreign := r.script(250), 0
			pauses := make([]time.Duration, 20)
			fenced := make([]bool, len(pauses))
			for i := range pauses {
				pauses[i], fenced[i] = time.Duration(r.dice.IntN(40))*time.Millisecond, r.dice.IntN(2) == 0
			}
			writing.Go(func() {
				for len(ns) > 0 {
					n := min(60, len(ns))
					r.writeSlowly(ns[:n])
					ns = ns[n:]
					foreign++
					m := &nats.Msg{Subject: "chime.raw.0", Header: nats.Header{}, Data: []byte("foreign")}
					require.NoError(t, r.j.AppendRaw(r.ctx, []*nats.Msg{m}))
				}
			})
			for i := range pauses {
				s.start()
				r.pause(pauses[i])
				if !fenced[i] {
					s.end()
					continue
				}
				_, err := r.j.TakeFence(r.ctx, 0)
				require.NoError(t, err)
				r.pause(window)
				s.stop()
				_ = s.returned() // With the error of the fence, or without one when there was nothing to append.
			}
			writing.Wait()
			s.start()
			r.requireEvents()
			records, _ := r.raw()
			total := len(records) + foreign
			counted := func() int {
				return s.sum("carillon_dedupe_events_total") + s.sum("carillon_dedupe_witnesses_total") + s.sum("carillon_sequence_set_aside_total") +
					s.sum("carillon_dedupe_rereads_total")
			}
			r.acknowledged()
			s.end()
			require.Equal(t, total, counted())
			require.Equal(t, foreign, s.sum("carillon_sequence_set_aside_total"))
			require.Zero(t, s.sum("carillon_dedupe_rereads_total"))
			require.Zero(t, s.sum("carillon_order_held_events"))
		})
	}
}

// TestRival lets another sequencer take the partition again and again while the present one works and does not know yet that
// its lease is gone: EVENTS is as if there had been one.
func TestRival(t *testing.T) {
	r := newRig(t, inTime(window), nil)
	present := r.sequencer()
	present.own()
	var writing sync.WaitGroup
	ns := r.script(400)
	writing.Go(func() { r.writeSlowly(ns) })
	for range 6 {
		r.pause(30 * time.Millisecond)
		rival := r.sequencer()
		rival.own()
		r.pause(30 * time.Millisecond)
		present.end()
		present = rival
	}
	writing.Wait()
	r.requireEvents()
	present.end()
}

// TestFullJournal fills EVENTS, expects released events to wait without a recovery and a stop not to, and everything to go on
// when there is room again.
func TestFullJournal(t *testing.T) {
	const size = 32 << 10
	r := newRig(t, inTime(window), func(s *pipelinetest.JournalSetup) { s.Stream.MaxBytes = 2 * pipeline.MiB })
	require.NoError(t, r.j.EnsureSink(r.ctx, "slow", journal.Start{Earliest: true})) // Nothing may be purged that this sink has not passed.
	fence, err := r.j.TakeFence(r.ctx, 0)
	require.NoError(t, err)
	filler := &pipeline.Event{Key: "filler", Kind: "chime:SomethingNew", Source: "queue", Body: make([]byte, size)}
	fillers := 0
	for err == nil {
		filler.Raw++
		filler.ID[0]++
		if err = fence.Append(r.ctx, []*nats.Msg{r.j.EventMessage(0, filler)}); err == nil {
			fillers++
		}
	}
	require.ErrorIs(t, err, journal.ErrFull)
	n := r.note("a", "chime:MeetingStarted", "", 1000)
	n.Body = make([]byte, 3*size)
	r.write(n)

	s := r.sequencer()
	s.start()
	r.pause(300 * time.Millisecond)
	begin := time.Now()
	s.end()
	require.Less(t, time.Since(begin), 3*time.Second)
	require.Empty(t, r.history("a"))

	s = r.sequencer()
	s.start()
	r.pause(300 * time.Millisecond)
	feed, err := r.j.SinkFeed(r.ctx, "slow", 0, journal.Start{Earliest: true})
	require.NoError(t, err)
	defer feed.Stop()
	for range fillers {
		m := <-feed.Messages()
		require.NoError(t, feed.Ack(m.Mark))
	}
	r.requireEvents()
	select {
	case err := <-s.done:
		require.Fail(t, "the sequencer was to wait", "%v", err)
	default:
	}
	s.end()
}

// TestReturnsAfterCancel expects Run to return without an error when it is told to stop before and while it begins.
func TestReturnsAfterCancel(t *testing.T) {
	r := newRig(t, inTime(window), nil)
	for i := range 20 {
		s := r.sequencer()
		s.start()
		r.pause(time.Duration(i) * 100 * time.Microsecond)
		s.end()
	}
}

// TestMetricsAreSound runs the linter of the metrics library over what a sequencer registers.
func TestMetricsAreSound(t *testing.T) {
	reg := prometheus.NewRegistry()
	sequence.NewMetrics(reg, []string{"queue"})
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// TestRefusedEvent lowers what EVENTS takes: the one event that is too large goes to QUARANTINE and counts as set aside, its
// neighbours are stored in order, and RAW is acknowledged to the end.
func TestRefusedEvent(t *testing.T) {
	r := newRig(t, inTime(window), nil)
	stream, err := r.js.Stream(r.ctx, "CHIME_EVENTS")
	require.NoError(t, err)
	c := stream.CachedInfo().Config
	c.MaxMsgSize = 8 << 10
	_, err = r.js.UpdateStream(r.ctx, c)
	require.NoError(t, err)
	s := r.sequencer()
	s.start()
	var ns []journal.Notification
	for i := range 20 {
		ns = append(ns, r.note("a", "chime:SomethingNew", "x", int64(1000+i)))
	}
	ns[7].Body = []byte(strings.Repeat("x", 10<<10))
	r.write(ns...)
	r.acknowledged()
	s.end()
	var times []int64
	for _, e := range r.history("a") {
		times = append(times, e.Time.UnixMilli())
	}
	require.Equal(t, []int64{
		1000, 1001, 1002, 1003, 1004, 1005, 1006, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019,
	}, times)
	require.Equal(t, 19, s.sum("carillon_dedupe_events_total"))
	require.Equal(t, 1, s.sum("carillon_sequence_set_aside_total"))
	q, err := r.js.Stream(r.ctx, "CHIME_QUARANTINE")
	require.NoError(t, err)
	m, err := q.GetMsg(r.ctx, 1)
	require.NoError(t, err)
	require.Equal(t, ns[7].Body, m.Data)
}

// TestLimits holds for longer than the test lasts and expects no more than the limit to be held.
func TestLimits(t *testing.T) {
	r := newRig(t, inTime(10*time.Minute), nil)
	r.limit.Order.Events = 5
	s := r.sequencer()
	s.start()
	ns := r.script(60)
	r.write(ns...)
	out := func() (n int) {
		for i := range 4 {
			n += len(r.history("meeting-" + string(rune('0'+i))))
		}
		return n
	}
	held := func() int { return s.sum("carillon_order_held_events") }
	require.Eventually(t, func() bool { return out() >= 55 && out()+held() == 60 }, limit, 10*time.Millisecond)
	require.Eventually(t, func() bool { return s.sum("carillon_order_forced_total") > 0 }, limit, 10*time.Millisecond)
	require.LessOrEqual(t, held(), 5)
	s.end()
	require.Zero(t, s.sum("carillon_order_held_events"))
}
