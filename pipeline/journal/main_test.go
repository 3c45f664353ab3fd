package journal

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
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
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// probe is how often a test looks for something that the server does in its own time, patienceOfTests for how long.
const (
	probe           = 5 * time.Millisecond
	patienceOfTests = 20 * time.Second
)

// setup is what a journal of a test is opened with.
type setup struct {
	connect ConnectConfig
	stream  StreamConfig
	set     Settings
}

func newSetup(tb testing.TB) setup {
	tb.Helper()
	s := setup{connect: DefaultConnect(), stream: DefaultStream()}
	s.connect.Embedded.Dir, s.connect.Embedded.Sync = tb.TempDir(), SyncInterval
	s.stream.Partitions, s.stream.MaxBytes = 4, 64*pipeline.MiB
	s.set = Settings{Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Owner: "first", Clock: time.Now}
	return s
}

// again returns the setup with a new registry, for another journal of the same configuration.
func (s setup) again() setup {
	s.set.Registerer = prometheus.NewRegistry()
	return s
}

func (s setup) open(tb testing.TB) *Journal {
	tb.Helper()
	j, err := Open(tb.Context(), s.connect, s.stream, s.set)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, j.Close()) })
	return j
}

func open(tb testing.TB, change ...func(*setup)) *Journal {
	tb.Helper()
	s := newSetup(tb)
	for _, f := range change {
		f(&s)
	}
	return s.open(tb)
}

// remote starts a server that journals reach by its address, as they would a cluster, and returns the setup of one.
func remote(tb testing.TB) func(*setup) {
	tb.Helper()
	srv, err := startServer(EmbeddedConfig{Dir: tb.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(tb, err)
	tb.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	return func(s *setup) { s.connect.URL = srv.ClientURL() }
}

// everywhere returns the setups of an embedded server, where appends are publishes that share an fsync, and of another one, where
// they are atomic batches.
func everywhere(tb testing.TB) map[string]func(*setup) {
	tb.Helper()
	return map[string]func(*setup){
		"embedded": func(s *setup) { s.connect.Embedded.Sync = SyncAlways }, "elsewhere": remote(tb),
	}
}

func maxBytes(n pipeline.Size) func(*setup) { return func(s *setup) { s.stream.MaxBytes = n } }

// bounded returns a context that ends long after any healthy test.
func bounded(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), patienceOfTests)
	tb.Cleanup(cancel)
	return ctx
}

// key returns a key that lies in partition p of 4.
func key(p, n int) string {
	for i := 0; ; i++ {
		if k := fmt.Sprintf("meeting-%d-%d", n, i); chime.Partition(k, 4) == p {
			return k
		}
	}
}

func identity(n int) chime.Identity {
	var id chime.Identity
	copy(id[:], fmt.Sprintf("%016d", n))
	return id
}

// raw returns the message of notification n in partition p, with the number at the beginning of its body of the given size.
func raw(j *Journal, p, n, size int) *nats.Msg {
	return j.RawMessage(Notification{
		Record: chime.Record{ID: identity(n), Key: key(p, 0), Kind: "chime:AttendeeJoined", Time: int64(n)},
		Source: "queue", Received: time.UnixMilli(1), Body: body(n, size),
	})
}

func body(n, size int) []byte {
	b := fmt.Sprintf("%08d", n)
	return []byte(b + strings.Repeat("x", max(0, size-len(b))))
}

func raws(j *Journal, p, from, n, size int) []*nats.Msg {
	msgs := make([]*nats.Msg, n)
	for i := range msgs {
		msgs[i] = raw(j, p, from+i, size)
	}
	return msgs
}

func event(p, n, size int) *pipeline.Event {
	return &pipeline.Event{
		ID: identity(n), Key: key(p, 0), Kind: "chime:AttendeeJoined", Source: "queue",
		Time: time.UnixMilli(int64(n)).UTC(), Received: time.UnixMilli(2).UTC(), Raw: uint64(n), Body: body(n, size),
	}
}

func events(j *Journal, p, from, n, size int) []*nats.Msg {
	msgs := make([]*nats.Msg, n)
	for i := range msgs {
		msgs[i] = j.EventMessage(p, event(p, from+i, size))
	}
	return msgs
}

func fence(tb testing.TB, j *Journal, p int) *Fence {
	tb.Helper()
	f, err := j.TakeFence(bounded(tb), p)
	require.NoError(tb, err)
	return f
}

// stored returns every message of a stream in order.
func stored(tb testing.TB, j *Journal, place Place) []Message {
	tb.Helper()
	var all []Message
	require.NoError(tb, j.Scan(bounded(tb), place, func(m Message) error {
		all = append(all, m)
		return nil
	}))
	return all
}

// numbers returns the numbers that raw and event put at the beginning of bodies.
func numbers(tb testing.TB, msgs []Message) []int {
	tb.Helper()
	all := make([]int, 0, len(msgs))
	for _, m := range msgs {
		all = append(all, number(tb, m))
	}
	return all
}

func number(tb testing.TB, m Message) int {
	tb.Helper()
	var n int
	_, err := fmt.Sscanf(string(m.Body[:8]), "%d", &n)
	require.NoError(tb, err)
	return n
}

// count returns from, from+1, ... , n of them.
func count(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// next returns the next n messages of a feed.
func next(tb testing.TB, f *Feed, n int) []Message {
	tb.Helper()
	ctx := bounded(tb)
	var all []Message
	for len(all) < n {
		select {
		case m := <-f.Messages():
			all = append(all, m)
		case err := <-f.Broken():
			require.NoError(tb, err)
		case <-ctx.Done():
			require.Len(tb, all, n)
		}
	}
	return all
}

func state(tb testing.TB, j *Journal, stream string) jetstream.StreamState {
	tb.Helper()
	info, err := j.streams[stream].Info(bounded(tb))
	require.NoError(tb, err)
	return info.State
}

// floorOf waits until the floor of a consumer is at seq.
func floorOf(tb testing.TB, j *Journal, stream, consumer string, seq uint64) {
	tb.Helper()
	ctx := bounded(tb)
	require.Eventually(tb, func() bool {
		c, err := j.js.Consumer(ctx, stream, consumer)
		return err == nil && c.CachedInfo().AckFloor.Stream == seq
	}, patienceOfTests, probe)
}

func appended(tb testing.TB, j *Journal, outcome string) float64 {
	tb.Helper()
	return testutil.ToFloat64(j.metrics.appends.WithLabelValues(outcome))
}

// commits returns how many commits there were and how many messages they had.
func commits(tb testing.TB, j *Journal) (n uint64, messages float64) {
	tb.Helper()
	families, err := j.set.Registerer.(*prometheus.Registry).Gather()
	require.NoError(tb, err)
	for _, f := range families {
		if f.GetName() == "carillon_journal_batch_messages" {
			h := f.GetMetric()[0].GetHistogram()
			return h.GetSampleCount(), h.GetSampleSum()
		}
	}
	require.Fail(tb, "no such metric")
	return 0, 0
}
