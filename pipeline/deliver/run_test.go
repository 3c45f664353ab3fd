package deliver

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/filter"
	"carillon/pipeline/pipelinetest"
)

// TestReadingStopsAtTheLimit expects a sink that accepts nothing to be read up to the limit of bytes and no further.
func TestReadingStopsAtTheLimit(t *testing.T) {
	r := newRig(t, nil)
	const size = 16 << 10
	var events []*pipeline.Event
	for range 2 * maxOpenBytes / size {
		e := r.event("a")
		e.Body = []byte(strings.Repeat("x", size))
		events = append(events, e)
	}
	for _, e := range events {
		r.append(e)
	}
	h := &hanging{entered: make(chan struct{}, 1)}
	c := testConfig()
	c.LaneMax = 100_000
	d := r.build("out", h, c)
	var taken atomic.Int64
	d.judge = func(*pipeline.Event) filter.Verdict { taken.Add(1); return filter.Wanted }
	d.run(r.ctx, r.fence.Epoch)
	r.eventually("reading up to the limit", func() bool { return taken.Load() >= maxOpenBytes/size })
	<-time.After(200 * time.Millisecond)
	require.EqualValues(t, maxOpenBytes/size, taken.Load())
	d.stop()
	d.Abort()
	d.end()
}

// TestEpoch expects what goes out to carry the epoch of the moment it goes out, and the last one taken while there is none.
func TestEpoch(t *testing.T) {
	r := newRig(t, nil)
	r.fill(1, "a")
	var sink pipelinetest.Sink
	var epoch atomic.Uint64
	sink.Decide(func(e pipeline.Event) error {
		if e.Key == "b" && epoch.Load() == 0 {
			epoch.Store(1 << 40) // The fence is renewed while the event waits.
			return errRefused
		}
		return nil
	})
	d := r.build("out", &sink, testConfig())
	d.run(r.ctx, epoch.Load)
	require.NoError(t, sink.Wait(r.ctx, 1))
	r.fill(1, "b")
	require.NoError(t, sink.Wait(r.ctx, 2))
	d.end()
	require.Equal(t, r.fence.Epoch(), sink.Accepted()[0].Epoch)
	require.EqualValues(t, 1<<40, sink.Accepted()[1].Epoch)
}

// TestForeignMessage expects a message that is no event to be set aside and what follows it to be delivered.
func TestForeignMessage(t *testing.T) {
	change, client := listening(t)
	r := newRig(t, change)
	require.NoError(t, r.fence.Append(r.ctx, []*nats.Msg{{Subject: "chime.events.0.a", Header: nats.Header{}, Data: []byte("foreign")}}))
	r.fill(1, "a")
	var sink pipelinetest.Sink
	d := r.deliver("out", &sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 1))
	r.settled()
	d.end()
	s, err := client().Stream(r.ctx, "CHIME_QUARANTINE")
	require.NoError(t, err)
	m, err := s.GetMsg(r.ctx, 1)
	require.NoError(t, err)
	require.Equal(t, "foreign", string(m.Data))
}

// TestBrokenFeedWaitsForTheSink expects a Run that lost its place to return its error only when nothing of it is in flight:
// the next Run sends the same events.
func TestBrokenFeedWaitsForTheSink(t *testing.T) {
	change, client := listening(t)
	r := newRig(t, change)
	r.fill(1, "a")
	h := &hanging{entered: make(chan struct{}, 1)}
	d := r.deliver("out", h, testConfig())
	<-h.entered
	require.NoError(t, client().DeleteConsumer(r.ctx, "CHIME_EVENTS", "sink-out-0"))
	select {
	case err := <-d.done:
		require.Fail(t, "Run left an event in flight", "%v", err)
	case <-time.After(300 * time.Millisecond):
	}
	d.Abort()
	select {
	case err := <-d.done:
		require.Error(t, err)
	case <-time.After(limit):
		require.Fail(t, "Run did not return")
	}
	d.stop()
	require.NoError(t, d.Stop(r.ctx))
}

// TestNoTimerWhileNothingMayBeSent expects the loop to sleep, not to spin, while a batch is in flight or a dead letter waits.
func TestNoTimerWhileNothingMayBeSent(t *testing.T) {
	for name, block := range map[string]func(*run){
		"batch in flight":     func(r *run) { r.batch, r.flying = 2, 1 },
		"dead letter waiting": func(r *run) { r.bury = make([]Dead, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			c := testConfig()
			lanes := NewLanes(&c, Limits{Parked: 1, Pages: 1}, func() float64 { return 0 })
			lanes.Push(Item{Event: pipeline.Event{Key: "a"}})
			past := time.Now().Add(-time.Minute)
			lanes.Settle(past, lanes.Take(nil, past, 1), []error{errRefused})
			s, err := NewSink(&pipelinetest.Sink{}, Settings{Settings: pipeline.Settings{Registerer: prometheus.NewRegistry()}, Config: testConfig()})
			require.NoError(t, err)
			r := &run{Sink: s, lanes: lanes, timer: time.NewTimer(time.Hour), epoch: func() uint64 { return 1 }}
			defer r.timer.Stop()
			block(r)
			require.Nil(t, r.offer())
			select {
			case <-r.timer.C:
				require.Fail(t, "the timer fires although nothing may be sent")
			case <-time.After(20 * time.Millisecond):
			}
			r.flying, r.bury = 0, nil
			require.NotNil(t, r.offer())
			require.Len(t, r.next, 1)
		})
	}
}
