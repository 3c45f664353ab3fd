package router_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/pipelinetest"
	"carillon/pipeline/router"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a router with hand-fed sources and a remembering sink.
type rig struct {
	router  *router.Router
	sources map[string]*pipelinetest.Source
	sink    *pipelinetest.Sink
	reg     *prometheus.Registry
}

func start(t *testing.T, dir string, o order.Config) *rig {
	t.Helper()
	r := &rig{sources: map[string]*pipelinetest.Source{}, sink: &pipelinetest.Sink{}, reg: prometheus.NewRegistry()}
	stream := journal.DefaultStream()
	stream.Partitions, stream.MaxBytes = 4, 64*pipeline.MiB
	connect := journal.DefaultConnect()
	connect.Embedded.Dir = dir
	delivery := deliver.DefaultConfig()
	delivery.Start = deliver.StartEarliest
	setup := router.Setup{
		Connect: connect, Stream: stream, Order: o,
		HTTP: router.HTTPConfig{Listen: "127.0.0.1:0"}, Admin: router.AdminConfig{Listen: "127.0.0.1:0"}, Shutdown: router.DefaultShutdown(),
		Sinks: []router.SinkSetup{{ID: "out", Deliver: delivery, New: func(pipeline.Settings) (pipeline.Sink, error) { return r.sink, nil }}},
	}
	for _, id := range []string{"bus", "queue", "topic"} {
		src := pipelinetest.NewSource()
		r.sources[id] = src
		setup.Sources = append(setup.Sources, router.SourceSetup{ID: id, New: func(pipeline.Settings) (pipeline.Source, error) { return src, nil }})
	}
	r.router = router.New(setup, router.Settings{Logger: slog.New(slog.DiscardHandler), Registry: r.reg, Clock: time.Now})
	require.NoError(t, r.router.Start(t.Context()))
	return r
}

func (r *rig) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, r.router.Stop(context.WithoutCancel(t.Context())))
}

func joined(meeting, attendee string, ms int64) string {
	return fmt.Sprintf(`{"version":"0","source":"aws.chime","account":"444455556666","region":"us-east-1",`+
		`"detail-type":"Chime Meeting State Change","time":"2026-01-01T00:00:00.000Z","detail":{"version":"0",`+
		`"eventType":"chime:AttendeeJoined","timestamp":%d,"meetingId":%q,"attendeeId":%q,"networkType":"Voip"}}`, ms, meeting, attendee)
}

// TestThreePathsOneStream sends every event over three paths in random order and expects each once, in order.
func TestThreePathsOneStream(t *testing.T) {
	// A busy machine stores the 200 events of one path within the window.
	r := start(t, t.TempDir(), order.Config{Mode: order.ModeTime, Window: 2 * time.Second, Late: order.LateForward})
	defer r.stop(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	base := time.Now().UnixMilli()
	var bodies []string
	for m := range 20 {
		for i := range 10 {
			bodies = append(bodies, joined(fmt.Sprintf("meeting-%d", m), fmt.Sprintf("attendee-%d", i), base+int64(i)))
		}
	}
	for _, src := range r.sources {
		rand.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
		require.NoError(t, src.Emit(ctx, bodies...))
	}
	require.NoError(t, r.sink.Wait(ctx, 200))
	last := map[string]time.Time{}
	for _, e := range r.sink.Accepted() {
		require.False(t, e.IsLate)
		require.False(t, e.Time.Before(last[e.Key]), "order of %s", e.Key)
		require.NotZero(t, e.Epoch)
		last[e.Key] = e.Time
	}
	require.Len(t, r.sink.Accepted(), 200)
}

// TestNoneIsFast expects a single event to be through in the time of a few commits.
func TestNoneIsFast(t *testing.T) {
	r := start(t, t.TempDir(), order.Config{Mode: order.ModeNone, Late: order.LateForward})
	defer r.stop(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, r.sources["bus"].Emit(ctx, joined("m", "warm", 1)))
	require.NoError(t, r.sink.Wait(ctx, 1))
	best := time.Hour
	for i := range 20 {
		begin := time.Now()
		require.NoError(t, r.sources["bus"].Emit(ctx, joined("m", "a", int64(2+i))))
		require.NoError(t, r.sink.Wait(ctx, 2+i))
		best = min(best, time.Since(begin))
	}
	t.Logf("best latency %s", best)
	require.Less(t, best, 20*time.Millisecond)
}
