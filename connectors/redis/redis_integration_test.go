//go:build integration

package redis_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/format"
	"carillon/connectors/redis"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// farSide is the server of CARILLON_TEST_REDIS, emptied, with a user that has a password.
type farSide struct {
	t      *testing.T
	addr   string
	client *goredis.Client
}

func newFarSide(t *testing.T) *farSide {
	t.Helper()
	addr := os.Getenv("CARILLON_TEST_REDIS")
	require.NotEmpty(t, addr, "CARILLON_TEST_REDIS must be the host:port of a redis-server that may be emptied and restarted; see .ci/run")
	f := &farSide{t: t, addr: addr, client: goredis.NewClient(&goredis.Options{Addr: addr, Protocol: 2})}
	t.Cleanup(func() { require.NoError(t, f.client.Close()) })
	f.do("FLUSHALL")
	f.login()
	return f
}

func (f *farSide) do(args ...any) {
	f.t.Helper()
	require.NoError(f.t, f.client.Do(context.WithoutCancel(f.t.Context()), args...).Err())
}

func (f *farSide) login() {
	f.t.Helper()
	f.do("ACL", "SETUSER", "router", "on", ">"+secret, "allkeys", "+@all")
}

func (f *farSide) url(addr string) string { return "redis://router:" + secret + "@" + addr }

// restart makes the server start itself again, with what it had.
func (f *farSide) restart() {
	f.t.Helper()
	before := f.run()
	err := f.client.Do(context.WithoutCancel(f.t.Context()), "DEBUG", "RESTART").Err() // the connection breaks
	require.Eventually(f.t, func() bool { return f.run() != "" }, soon, 5*time.Millisecond)
	require.NotEqual(f.t, before, f.run(), "the server did not restart: %v", err)
	f.login()
}

// run returns what the server calls itself since its start, or nothing while it does not answer or still loads.
func (f *farSide) run() string {
	ctx := context.WithoutCancel(f.t.Context())
	info, err := f.client.Info(ctx, "server").Result()
	if err != nil || f.client.DBSize(ctx).Err() != nil {
		return ""
	}
	_, id, _ := strings.Cut(info, "run_id:")
	id, _, _ = strings.Cut(id, "\r")
	return id
}

func (f *farSide) stored(stream string) []goredis.XMessage {
	f.t.Helper()
	out, err := f.client.XRange(context.WithoutCancel(f.t.Context()), stream, "-", "+").Result()
	require.NoError(f.t, err)
	return out
}

func (f *farSide) accepted() []chime.Identity {
	f.t.Helper()
	var out []chime.Identity
	for _, m := range f.stored("carillon:events") {
		id, err := chime.ParseIdentity(fmt.Sprint(m.Values["carillon-id"]))
		require.NoError(f.t, err)
		out = append(out, id)
	}
	return out
}

func (f *farSide) started(changes ...func(*redis.Config)) pipeline.Sink {
	f.t.Helper()
	s := open(f.t, f.url(f.addr), changes...)
	connectortest.StartSink(f.t, s)
	return s
}

func TestSink(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		f := newFarSide(t)
		proxy := connectortest.NewProxy(t, f.addr)
		return connectortest.SinkDriver{
			Open:     func() pipeline.Sink { return open(t, f.url(proxy.Addr()), timeout(time.Minute)) },
			Accepted: f.accepted, Stall: proxy.Stall, Cut: proxy.Cut, Secrets: []string{secret},
			Waived: map[connectortest.Ability]string{
				connectortest.Refuse: "Redis refuses for the state of a stream or of itself, never for what is in an entry",
			},
		}
	})
}

func TestFaults(t *testing.T) {
	f := newFarSide(t)
	proxy := connectortest.NewProxy(t, f.addr)
	connectortest.Faults(t, connectortest.FaultDriver{
		Open:     func() pipeline.Sink { return open(t, f.url(proxy.Addr()), timeout(2*time.Second)) },
		Accepted: f.accepted, Cut: proxy.Cut, Errors: proxy.Errors, Delay: proxy.Delay, Restart: f.restart, Secrets: []string{secret},
	}, connectortest.FaultOptions{Share: 0.1})
}

func timeout(d time.Duration) func(*redis.Config) { return func(c *redis.Config) { c.Timeout = d } }

func TestWrite_SendsTheNotificationAndWhatIsKnownOfIt(t *testing.T) {
	f := newFarSide(t)
	e := event(7, "m")
	e.IsLate, e.Gap, e.Kind = true, "two\nlines", "50% ä"
	require.NoError(t, f.started().Write(t.Context(), []pipeline.Event{e}))
	stored := f.stored("carillon:events")
	require.Len(t, stored, 1)
	require.Equal(t, map[string]any{
		"body": string(e.Body), "content-type": "application/json", "carillon-id": e.ID.String(), "carillon-key": "m", "carillon-kind": "50% ä",
		"carillon-time": "1760000000123", "carillon-source": "queue", "carillon-sequence": "7", "carillon-epoch": "9", "carillon-late": "0",
		"carillon-gap": "two\ufffdlines",
	}, stored[0].Values)

	s := f.started(func(c *redis.Config) { c.Format, c.Stream = format.CloudEvents, "meeting:{key}" })
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(8, "a"), event(9, "b"), event(10, "a")}))
	require.Len(t, f.stored("meeting:a"), 2)
	require.Equal(t, "application/cloudevents+json", f.stored("meeting:b")[0].Values["content-type"])
}

func TestWrite_MaxLen(t *testing.T) {
	f := newFarSide(t)
	s := f.started(func(c *redis.Config) { c.MaxLen = 100 })
	for range 10 {
		var es []pipeline.Event
		for i := range byte(200) {
			es = append(es, event(i, "m"))
		}
		require.NoError(t, s.Write(t.Context(), es))
	}
	n := len(f.stored("carillon:events"))
	require.GreaterOrEqual(t, n, 100)
	require.Less(t, n, 400, "Redis keeps whole nodes of 100 entries")
}

// TestWrite_WhatTheServerSays asks a real server for answers.
func TestWrite_WhatTheServerSays(t *testing.T) {
	f := newFarSide(t)
	s := f.started(timeout(5 * time.Second))
	for _, row := range []struct {
		name      string
		make, end []any
		text      string
	}{
		{"no room", []any{"CONFIG", "SET", "maxmemory", "1"}, []any{"CONFIG", "SET", "maxmemory", "0"}, "OOM"},
		{"a replica", []any{"REPLICAOF", "127.0.0.1", "1"}, []any{"REPLICAOF", "NO", "ONE"}, "READONLY"},
		{"too few replicas", []any{"CONFIG", "SET", "min-replicas-to-write", "1"}, []any{"CONFIG", "SET", "min-replicas-to-write", "0"}, "NOREPLICAS"},
		{"no permission", []any{"ACL", "SETUSER", "router", "-xadd"}, []any{"ACL", "SETUSER", "router", "+xadd"}, "NOPERM"},
		{"another type", []any{"SET", "carillon:events", "x"}, []any{"DEL", "carillon:events"}, "WRONGTYPE"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f.do(row.make...)
			defer f.do(row.end...)
			es := []pipeline.Event{event(1, "a"), event(2, "a"), event(3, "b")}
			for _, err := range pipeline.FailedAt(s.Write(t.Context(), es), len(es)) {
				requireClass(t, err, pipeline.ClassRetry, row.text)
			}
		})
	}
	require.Empty(t, f.accepted())

	wrong := open(t, strings.Replace(f.url(f.addr), secret, "wrong-"+secret, 1))
	connectortest.StartSink(t, wrong)
	requireClass(t, wrong.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassRetry, "WRONGPASS")
}

// TestWrite_OneStreamOfAnotherType: the other streams of the transaction get their entries, and their order stays.
func TestWrite_OneStreamOfAnotherType(t *testing.T) {
	f := newFarSide(t)
	f.do("SET", "meeting:a", "x")
	s, reg := openWith(t, f.url(f.addr), func(c *redis.Config) { c.Stream = "meeting:{key}" })
	connectortest.StartSink(t, s)
	es := []pipeline.Event{event(1, "a"), event(2, "b"), event(3, "a"), event(4, "b")}
	for i, err := range pipeline.FailedAt(s.Write(t.Context(), es), len(es)) {
		if i%2 == 1 {
			require.NoError(t, err)
			continue
		}
		requireClass(t, err, pipeline.ClassRetry, "WRONGTYPE")
	}
	require.Len(t, f.stored("meeting:b"), 2)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP carillon_redis_entries_total Entries by how they ended.
# TYPE carillon_redis_entries_total counter
carillon_redis_entries_total{outcome="accepted"} 2
carillon_redis_entries_total{outcome="canceled"} 0
carillon_redis_entries_total{outcome="held"} 0
carillon_redis_entries_total{outcome="refused"} 2
carillon_redis_entries_total{outcome="rejected"} 0
carillon_redis_entries_total{outcome="throttled"} 0
carillon_redis_entries_total{outcome="timeout"} 0
carillon_redis_entries_total{outcome="unreachable"} 0
`), "carillon_redis_entries_total"))
}
