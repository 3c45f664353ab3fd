package kafka_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"carillon/connectors/connectortest"
	"carillon/connectors/kafka"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	topic      = "meetings"
	partitions = 4
	secret     = "password-that-is-secret"
	soon       = 20 * time.Second
)

// farSide is a broker behind a proxy, whose address is the one that the broker names to clients.
type farSide struct {
	t       *testing.T
	proxy   *connectortest.Proxy
	dir     string
	opts    []kfake.Opt
	auth    []kgo.Opt
	cluster *kfake.Cluster
	refused *kfake.FaultHandle
	real    string
}

func newFarSide(t *testing.T, opts ...kfake.Opt) *farSide {
	t.Helper()
	f := &farSide{t: t, proxy: connectortest.NewProxy(t, "127.0.0.1:1"), dir: t.TempDir(), opts: opts}
	f.start()
	t.Cleanup(func() { f.cluster.Close() })
	return f
}

// start starts the broker, again perhaps, with what it had.
func (f *farSide) start() {
	f.t.Helper()
	opts := append([]kfake.Opt{
		kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic), kfake.DataDir(f.dir), kfake.ListenFn(f.listen),
	}, f.opts...)
	var err error
	f.cluster, err = kfake.NewCluster(opts...)
	require.NoError(f.t, err)
}

func (f *farSide) restart() {
	f.cluster.Close()
	f.start()
}

func (f *farSide) listen(network, _ string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), network, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f.real = l.Addr().String()
	f.proxy.Point(f.real)
	addr, err := net.ResolveTCPAddr("tcp", f.proxy.Addr())
	return &named{Listener: l, addr: addr}, err
}

// named is a listener that says it were the proxy.
type named struct {
	net.Listener

	addr net.Addr
}

func (n *named) Addr() net.Addr { return n.addr }

// stored returns what the topic has, the records of each partition in order.
func (f *farSide) stored() []*kgo.Record {
	f.t.Helper()
	left := int64(0)
	for _, p := range f.cluster.PartitionInfos(topic) {
		left += p.HighWatermark
	}
	direct := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", f.real)
	}
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(f.real), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.Dialer(direct),
		kgo.FetchMaxWait(50 * time.Millisecond), // kfake keeps a connection as long as somebody waits on it
	}, f.auth...)...)
	require.NoError(f.t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(f.t.Context()), soon)
	defer cancel()
	var out []*kgo.Record
	for left > 0 {
		fetches := client.PollFetches(ctx)
		require.NoError(f.t, fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			out = append(out, r)
			left--
		})
	}
	return out
}

func (f *farSide) accepted() []chime.Identity {
	f.t.Helper()
	var out []chime.Identity
	for _, r := range f.stored() {
		id, err := chime.ParseIdentity(headers(r)["carillon-id"])
		require.NoError(f.t, err)
		out = append(out, id)
	}
	return out
}

func headers(r *kgo.Record) map[string]string {
	out := map[string]string{}
	for _, h := range r.Headers {
		out[h.Key] = string(h.Value)
	}
	return out
}

// refuse makes the broker refuse every request with such an event, and so all that go with it.
func (f *farSide) refuse(refused func(chime.Identity) bool) {
	if f.refused != nil {
		f.refused.Remove()
		f.refused = nil
	}
	if refused == nil {
		return
	}
	f.refused = f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.MessageTooLarge, Count: -1, When: func(req kmsg.Request) bool {
		return slices.ContainsFunc(identities(req), refused)
	}})
}

// identities finds the identities in a request whose records are not compressed.
func identities(req kmsg.Request) []chime.Identity {
	produce, ok := req.(*kmsg.ProduceRequest)
	if !ok {
		return nil
	}
	var out []chime.Identity
	for _, t := range produce.Topics {
		for _, p := range t.Partitions {
			for _, rest := range bytes.Split(p.Records, []byte("carillon-id"))[1:] {
				if id, err := chime.ParseIdentity(string(rest[1:33])); err == nil { // after the length
					out = append(out, id)
				}
			}
		}
	}
	return out
}

// errors lets the broker refuse for now, or take something and not say so, and the network break.
func (f *farSide) errors(share float64) (end func()) {
	chance := func(kmsg.Request) bool { return rand.Float64() < share/2 }
	produce := []kmsg.Key{kmsg.Produce}
	faults := f.cluster.Fault(
		kfake.Fault{Keys: produce, Err: kerr.NotEnoughReplicas, Count: -1, When: chance},
		kfake.Fault{Keys: produce, Err: kerr.NotEnoughReplicasAfterAppend, Count: -1, When: chance},
		kfake.Fault{Keys: produce, Err: kerr.TopicAuthorizationFailed, Count: -1, When: chance},
		kfake.Fault{Keys: produce, Err: kerr.MessageTooLarge, Count: -1, When: func(req kmsg.Request) bool { return len(identities(req)) > 1 && chance(req) }},
	)
	broken := f.proxy.Errors(share / 4)
	return func() {
		broken()
		faults.Remove()
	}
}

func open(t *testing.T, f *farSide, changes ...func(*kafka.Config)) pipeline.Sink {
	t.Helper()
	s, _ := openWith(t, f, changes...)
	return s
}

func openWith(t *testing.T, f *farSide, changes ...func(*kafka.Config)) (pipeline.Sink, *prometheus.Registry) {
	t.Helper()
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic, cfg.Compression, cfg.Timeout = []string{f.proxy.Addr()}, topic, kafka.CompressionNone, 2*time.Second
	for _, change := range changes {
		change(&cfg)
	}
	require.NoError(t, cfg.Validate())
	reg := prometheus.NewPedanticRegistry()
	s, err := kafka.Factory().New(&cfg, pipeline.Settings{ID: "log", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now})
	require.NoError(t, err)
	return s, reg
}

// started is open and Start, and Close at the end of the test.
func started(t *testing.T, f *farSide, changes ...func(*kafka.Config)) pipeline.Sink {
	t.Helper()
	s := open(t, f, changes...)
	start(t, s)
	return s
}

func start(t *testing.T, s pipeline.Sink) {
	t.Helper()
	starter, ok := s.(pipeline.Starter)
	require.True(t, ok)
	require.NoError(t, starter.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close(context.WithoutCancel(t.Context()))) })
}

func event(n byte, key string) pipeline.Event {
	return pipeline.Event{
		ID: chime.Identity{15: n}, Key: key, Kind: "chime:AttendeeJoined", Time: time.UnixMilli(1760000000123), Source: "queue",
		Sequence: uint64(n), Epoch: 9, Body: []byte(`{"secret":"` + secret + `"}`),
	}
}
