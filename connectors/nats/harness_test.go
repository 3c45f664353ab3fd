package nats_test

import (
	"context"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/connectortest"
	"carillon/connectors/nats"
	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/pipelinetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user   = "router"
	secret = "password-that-is-secret"
	soon   = 20 * time.Second
)

// farSide is a server with JetStream and one stream, CHIME, of everything under "stored".
type farSide struct {
	t     *testing.T
	opts  server.Options
	creds string // empty: the user and password
	srv   *server.Server
	nc    *natsgo.Conn
	js    jetstream.JetStream
}

func newFarSide(t *testing.T, changes ...func(*farSide)) *farSide {
	t.Helper()
	_, text, err := net.SplitHostPort(pipelinetest.FreeAddr(t))
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	f := &farSide{t: t, opts: server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
		Username: user, Password: secret, JetStreamMaxStore: 1 << 30, JetStreamMaxMemory: 64 << 20, MaxPayload: 64 << 10,
	}}
	for _, change := range changes {
		change(f)
	}
	f.start()
	t.Cleanup(f.stop)
	return f
}

// start starts the server, again perhaps, and returns when JetStream serves.
func (f *farSide) start() {
	f.t.Helper()
	opts := f.opts
	srv, err := server.NewServer(&opts)
	require.NoError(f.t, err)
	f.srv = srv
	srv.Start()
	require.True(f.t, srv.ReadyForConnections(soon))
	login := natsgo.UserInfo(user, secret)
	if f.creds != "" {
		login = natsgo.UserCredentials(f.creds)
	}
	f.nc, err = natsgo.Connect(srv.ClientURL(), natsgo.InProcessServer(srv), login)
	require.NoError(f.t, err)
	f.js, err = jetstream.New(f.nc)
	require.NoError(f.t, err)
	if f.opts.JetStream {
		_, err = f.js.CreateOrUpdateStream(f.t.Context(), jetstream.StreamConfig{Name: "CHIME", Subjects: []string{"stored.>"}, MaxMsgSize: 32 << 10})
		require.NoError(f.t, err)
	}
}

func (f *farSide) stop() {
	f.nc.Close()
	f.srv.Shutdown()
	f.srv.WaitForShutdown()
}

func (f *farSide) restart() {
	f.stop()
	f.start()
}

func (f *farSide) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(f.opts.Port)) }

// stored returns what the stream has.
func (f *farSide) stored() []*jetstream.RawStreamMsg {
	f.t.Helper()
	ctx := context.WithoutCancel(f.t.Context())
	stream, err := f.js.Stream(ctx, "CHIME")
	require.NoError(f.t, err)
	info, err := stream.Info(ctx)
	require.NoError(f.t, err)
	var out []*jetstream.RawStreamMsg
	for seq := uint64(1); seq <= info.State.LastSeq; seq++ {
		m, err := stream.GetMsg(ctx, seq)
		require.NoError(f.t, err)
		out = append(out, m)
	}
	return out
}

func (f *farSide) accepted() []chime.Identity {
	f.t.Helper()
	var out []chime.Identity
	for _, m := range f.stored() {
		out = append(out, identity(f.t, m.Header))
	}
	return out
}

func identity(t *testing.T, header natsgo.Header) chime.Identity {
	t.Helper()
	id, err := chime.ParseIdentity(header.Get("carillon-id"))
	require.NoError(t, err)
	return id
}

// listener subscribes, as a receiver of core NATS does.
type listener struct {
	t   *testing.T
	f   *farSide
	sub *natsgo.Subscription
	mu  sync.Mutex
	got []chime.Identity
}

func (f *farSide) listen() *listener {
	f.t.Helper()
	l := &listener{t: f.t, f: f}
	var err error
	l.sub, err = f.nc.SubscribeSync("stored.>")
	require.NoError(f.t, err)
	require.NoError(f.t, l.sub.SetPendingLimits(-1, -1))
	require.NoError(f.t, f.nc.Flush())
	return l
}

func (l *listener) accepted() []chime.Identity {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.NoError(l.t, l.f.nc.Flush()) // what the server took before is here now
	for {
		pending, _, err := l.sub.Pending()
		require.NoError(l.t, err)
		if pending == 0 {
			return append([]chime.Identity(nil), l.got...)
		}
		m, err := l.sub.NextMsg(soon)
		require.NoError(l.t, err)
		l.got = append(l.got, identity(l.t, m.Header))
	}
}

// open builds a sink for addr.
func open(t *testing.T, addr string, changes ...func(*nats.Config)) pipeline.Sink {
	t.Helper()
	s, _ := openWith(t, addr, changes...)
	return s
}

func openWith(t *testing.T, addr string, changes ...func(*nats.Config)) (pipeline.Sink, *prometheus.Registry) {
	t.Helper()
	cfg := nats.DefaultConfig()
	cfg.URL = pipeline.NewSecret("nats://" + user + ":" + secret + "@" + addr)
	cfg.Subject, cfg.Stream = "stored.{key}", "CHIME"
	for _, change := range changes {
		change(&cfg)
	}
	require.NoError(t, cfg.Validate())
	reg := prometheus.NewPedanticRegistry()
	s, err := nats.Factory().New(&cfg, pipeline.Settings{ID: "bus", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now})
	require.NoError(t, err)
	return s, reg
}

// started is open and Start, and Close at the end of the test.
func started(t *testing.T, addr string, changes ...func(*nats.Config)) pipeline.Sink {
	t.Helper()
	s := open(t, addr, changes...)
	connectortest.StartSink(t, s)
	return s
}

func core(c *nats.Config) { c.Mode, c.Stream = nats.ModeCore, "" }

func within(d time.Duration) func(*nats.Config) { return func(c *nats.Config) { c.Timeout = d } }

func event(n byte, key string) pipeline.Event {
	return pipeline.Event{
		ID: chime.Identity{15: n}, Key: key, Kind: "chime:AttendeeJoined", Time: time.UnixMilli(1760000000123), Source: "queue",
		Sequence: uint64(n), Epoch: 9, Body: []byte(`{"secret":"` + secret + `"}`),
	}
}

// relay stands before the stream: it takes messages at "in" and passes them on, and the answer of the stream back, so that a test
// can refuse and hold. It passes one on after the other.
type relay struct {
	connectortest.Hold

	f       *farSide
	mu      sync.Mutex
	refused func(chime.Identity) bool
}

func (f *farSide) relay() *relay {
	f.t.Helper()
	r := &relay{f: f}
	_, err := f.nc.Subscribe("in.>", r.take)
	require.NoError(f.t, err)
	require.NoError(f.t, f.nc.Flush())
	return r
}

func (r *relay) take(m *natsgo.Msg) {
	r.mu.Lock()
	refused := r.refused
	r.mu.Unlock()
	_ = r.Wait(context.Background()) // a test resumes what it stalls
	id, err := chime.ParseIdentity(m.Header.Get("carillon-id"))
	if err != nil || refused != nil && refused(id) {
		_ = m.Respond([]byte(`{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"}}`))
		return
	}
	forward := natsgo.NewMsg("stored." + m.Subject[len("in."):])
	forward.Header, forward.Data = m.Header, m.Data
	answer, err := r.f.nc.RequestMsg(forward, soon)
	if err != nil {
		return
	}
	_ = m.Respond(answer.Data)
}

func (r *relay) refuse(refused func(chime.Identity) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = refused
}
