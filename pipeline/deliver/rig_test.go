package deliver

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/pipelinetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is how long a test waits for anything.
const limit = 20 * time.Second

// rig is a journal of one partition whose EVENTS a test fills by hand.
type rig struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // bounds one test.
	j     *journal.Journal
	fence *journal.Fence // of partition 0
	count map[string]int
}

func newRig(t *testing.T, change func(*pipelinetest.JournalSetup)) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*limit)
	t.Cleanup(cancel)
	r := &rig{t: t, ctx: ctx, count: map[string]int{}}
	r.j = pipelinetest.OpenJournal(t, func(s *pipelinetest.JournalSetup) {
		s.Stream.Partitions = 1
		if change != nil {
			change(s)
		}
	})
	var err error
	r.fence, err = r.j.TakeFence(ctx, 0)
	require.NoError(t, err)
	return r
}

// event returns the next event of a meeting; its time counts the events of the meeting from 1.
func (r *rig) event(key string) *pipeline.Event {
	r.count[key]++
	n := r.count[key]
	e := &pipeline.Event{Key: key, Kind: "chime:AttendeeJoined", Source: "test", Time: time.UnixMilli(int64(n)).UTC(), Received: time.UnixMilli(0).UTC(), Raw: 1}
	e.Body = fmt.Appendf(nil, "%s %d", key, n)
	copy(e.ID[:], key)
	binary.BigEndian.PutUint32(e.ID[12:], uint32(n))
	return e
}

func (r *rig) append(events ...*pipeline.Event) {
	r.t.Helper()
	for len(events) > 0 {
		n := min(len(events), 500)
		msgs := make([]*nats.Msg, n)
		for i, e := range events[:n] {
			msgs[i] = r.j.EventMessage(0, e)
		}
		require.NoError(r.t, r.fence.Append(r.ctx, msgs))
		events = events[n:]
	}
}

// fill appends n events of each meeting, the meetings in turn.
func (r *rig) fill(n int, keys ...string) {
	r.t.Helper()
	var events []*pipeline.Event
	for range n {
		for _, key := range keys {
			events = append(events, r.event(key))
		}
	}
	r.append(events...)
}

// delivery is one life of a sink.
type delivery struct {
	*Sink
	t    *testing.T
	reg  *prometheus.Registry
	stop context.CancelFunc
	done chan error
}

// testConfig begins with the oldest event and retries quickly.
func testConfig() Config {
	c := DefaultConfig()
	c.Start, c.Retry.Initial, c.Retry.Max = StartEarliest, time.Millisecond, 5*time.Millisecond
	return c
}

// build returns the delivery to sink with its workers running, and its reading not yet.
func (r *rig) build(id string, sink pipeline.Sink, c Config) *delivery {
	r.t.Helper()
	d := &delivery{t: r.t, reg: prometheus.NewRegistry(), done: make(chan error, 1)}
	var err error
	d.Sink, err = NewSink(sink, Settings{
		Settings: pipeline.Settings{ID: id, Logger: slog.New(slog.DiscardHandler), Registerer: d.reg, Clock: time.Now},
		Journal:  r.j, Config: c,
	})
	require.NoError(r.t, err)
	require.NoError(r.t, d.Start(r.ctx))
	return d
}

// deliver builds the delivery to sink and starts reading.
func (r *rig) deliver(id string, sink pipeline.Sink, c Config) *delivery {
	r.t.Helper()
	d := r.build(id, sink, c)
	d.run(r.ctx, r.fence.Epoch)
	return d
}

func (d *delivery) run(ctx context.Context, epoch func() uint64) {
	ctx, d.stop = context.WithCancel(ctx)
	go func() { d.done <- d.Run(ctx, 0, epoch) }()
}

// end stops reading, waits for what is in flight and closes the sink.
func (d *delivery) end() {
	d.t.Helper()
	d.stop()
	d.returned()
	require.NoError(d.t, d.Stop(d.t.Context()))
}

// returned expects Run to return soon without an error.
func (d *delivery) returned() {
	d.t.Helper()
	select {
	case err := <-d.done:
		require.NoError(d.t, err)
	case <-time.After(limit):
		require.Fail(d.t, "Run did not return")
	}
}

func (d *delivery) metric(name string) float64 {
	d.t.Helper()
	families, err := d.reg.Gather()
	require.NoError(d.t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	require.Fail(d.t, "no metric "+name)
	return 0
}

func (r *rig) eventually(what string, f func() bool) {
	r.t.Helper()
	require.Eventually(r.t, f, limit, 5*time.Millisecond, what)
}

// settled waits until the server knows that nothing is left to deliver.
func (r *rig) settled() {
	r.t.Helper()
	r.eventually("everything acknowledged", func() bool {
		left, err := r.j.Backlog(r.ctx)
		return err == nil && left == 0
	})
}

// dead returns the identities of the dead letters of a sink.
func (r *rig) dead(sink string) map[chime.Identity]string {
	r.t.Helper()
	ids, err := r.j.DeadIn(r.ctx, sink, 0, 1000)
	require.NoError(r.t, err)
	return ids
}

// numbers returns, for each meeting, which of its events were accepted, in order.
func numbers(events []pipeline.Event) map[string][]int64 {
	out := map[string][]int64{}
	for _, e := range events {
		out[e.Key] = append(out[e.Key], e.Time.UnixMilli())
	}
	return out
}

// upTo returns 1 to n.
func upTo(n int64) []int64 {
	var out []int64
	for i := int64(1); i <= n; i++ {
		out = append(out, i)
	}
	return out
}

// listening makes the embedded server reachable for a client that looks into it, and returns a change of the setup.
func listening(t *testing.T) (func(*pipelinetest.JournalSetup), func() jetstream.JetStream) {
	t.Helper()
	addr := pipelinetest.FreeAddr(t)
	return func(s *pipelinetest.JournalSetup) { s.Connect.Embedded.Listen = addr }, func() jetstream.JetStream {
		nc, err := nats.Connect("nats://" + addr)
		require.NoError(t, err)
		t.Cleanup(nc.Close)
		js, err := jetstream.New(nc)
		require.NoError(t, err)
		return js
	}
}

// TestMetricsAreSound runs the linter of the metrics library over what a sink registers.
func TestMetricsAreSound(t *testing.T) {
	reg := prometheus.NewRegistry()
	newMetrics(reg)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
