package main_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// tap is a proxy in front of the receivers of a router that remembers how it answered.
type tap struct {
	addr    string
	mu      sync.Mutex
	answers map[string]map[int]int // path, status
	patient bool                   // every 503 of EventBridge's path had a Retry-After
}

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	tp := &tap{answers: map[string]map[int]int{}, patient: true}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: to})
	proxy.ModifyResponse, proxy.ErrorLog = tp.note, slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv := httptest.NewServer(proxy)
	t.Cleanup(srv.Close)
	tp.addr = strings.TrimPrefix(srv.URL, "http://")
	return tp
}

func (tp *tap) note(resp *http.Response) error {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	path := resp.Request.URL.Path
	if tp.answers[path] == nil {
		tp.answers[path] = map[int]int{}
	}
	tp.answers[path][resp.StatusCode]++
	if path == "/eventbridge" && resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		tp.patient = false
	}
	return nil
}

// refused returns how many requests of a path were answered 503 so far.
func (tp *tap) refused(path string) int {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	return tp.answers[path][http.StatusServiceUnavailable]
}

// notice returns a body of an attendee who joins, as each path carries it.
func notice(meeting, attendee string, ms int64, size int) string {
	return fmt.Sprintf(`{"version":"0","id":"%s-%s","source":"aws.chime","account":"111122223333","region":"us-east-1",`+
		`"detail-type":"Chime Meeting State Change","time":"2026-01-05T10:00:00Z","resources":[],"detail":{"version":"0",`+
		`"eventType":"chime:AttendeeJoined","timestamp":%d,"meetingId":%q,"attendeeId":%q,"networkType":"Voip","externalUserId":%q}}`,
		meeting, attendee, ms, meeting, attendee, strings.Repeat("x", size))
}

// flood posts one notice for each n below count to EventBridge's path until it is taken, from many hands at once.
func flood(ctx context.Context, addr string, count, size int, meeting func(n int) string) error {
	client := &http.Client{Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	now := time.Now().UnixMilli()
	for n := range count {
		g.Go(func() error {
			return postUntilTaken(ctx, client, addr, notice(meeting(n), fmt.Sprintf("attendee-%d", n), now, size))
		})
	}
	return g.Wait()
}

func postUntilTaken(ctx context.Context, client *http.Client, addr, body string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/eventbridge", bytes.NewReader([]byte(body)))
		if err != nil {
			return err
		}
		req.Header.Set("X-Api-Key", "k")
		resp, err := client.Do(req)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		wait(ctx, 100*time.Millisecond)
	}
}

// fullRig is a running router behind a tap, connected to all paths.
func fullRig(t *testing.T, o rigOptions) (*rig, *node, *tap) {
	t.Helper()
	r := newRig(t, newReceiver().hurry(), o)
	n := r.nodes[0]
	r.launch(t, n)
	tp := newTap(t, n.http)
	r.connect(t, tp.addr)
	r.confirmed(t, n.process)
	return r, n, tp
}

// everyPath sends three bodies, one over each path.
func everyPath(t *testing.T, r *rig, bodies [3]string, tp *tap) {
	t.Helper()
	require.NoError(t, r.aws.Send(r.queue, bodies[0]))
	require.NoError(t, r.aws.Notify(r.topic, bodies[1]))
	ctx := t.Context()
	go func() { _ = postUntilTaken(ctx, http.DefaultClient, tp.addr, bodies[2]) }()
}

// pushedBack waits until every path has been refused, twice where the far side tells.
func pushedBack(t *testing.T, r *rig, n *node, tp *tap) {
	t.Helper()
	n.await(t, soon, "refusals on every path", func() bool { return tp.refused("/sns") >= 2 && tp.refused("/eventbridge") >= 2 })
	require.True(t, tp.patient, "a 503 to EventBridge says when to come again")
	left, err := r.queued(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, left, "what cannot be stored stays in the queue")
}

// TestRawFull: RAW full pushes back on every path, shows in /readyz, and takes everything when it has room again.
func TestRawFull(t *testing.T) {
	t.Parallel()
	r, n, tp := fullRig(t, rigOptions{})
	raise := lower(t, r.jetStream(t), "CHIME_RAW")
	now := time.Now().UnixMilli()
	everyPath(t, r, [3]string{notice("m", "a", now, 0), notice("m", "b", now+1, 0), notice("m", "c", now+2, 0)}, tp)
	pushedBack(t, r, n, tp)
	require.Equal(t, http.StatusServiceUnavailable, n.status("/readyz"))
	require.Zero(t, r.receiver.count())
	raise()
	n.await(t, soon, "all events at the sink", func() bool { return r.receiver.count() == 3 })
	n.await(t, soon, "ready again", func() bool { return n.status("/readyz") == http.StatusOK })
	r.settle(t, n.process)
	require.NoError(t, n.stop(t))
}

// TestQuarantineFull: what cannot be read is refused while there is no place to keep it, and what can be read goes on.
func TestQuarantineFull(t *testing.T) {
	t.Parallel()
	r, n, tp := fullRig(t, rigOptions{})
	raise := lower(t, r.jetStream(t), "CHIME_QUARANTINE")
	everyPath(t, r, [3]string{`{"broken":1`, `{"broken":2`, `{"broken":3`}, tp)
	pushedBack(t, r, n, tp)
	now := time.Now().UnixMilli()
	everyPath(t, r, [3]string{notice("m", "a", now, 0), notice("m", "b", now+1, 0), notice("m", "c", now+2, 0)}, tp)
	n.await(t, soon, "good events at the sink", func() bool { return r.receiver.count() == 3 })
	raise()
	r.settle(t, n.process)
	n.await(t, soon, "all of it in quarantine", func() bool { return messages(t, r, "CHIME_QUARANTINE") == 3 })
	require.NoError(t, n.stop(t))
}

// messages returns how many messages a stream holds.
func messages(t *testing.T, r *rig, stream string) uint64 {
	t.Helper()
	return streamState(t, r, stream).Msgs
}

func streamState(t *testing.T, r *rig, stream string) jetstream.StreamState {
	t.Helper()
	s, err := r.jetStream(t).Stream(t.Context(), stream)
	require.NoError(t, err)
	return s.CachedInfo().State
}

// TestDeadFull: a sink that has something to give up waits until there is a place for it; other sinks go on.
func TestDeadFull(t *testing.T) {
	t.Parallel()
	const events = 20
	strict := newReceiver().hurry()
	strict.refuseAll(http.StatusBadRequest)
	srv := httptest.NewServer(strict)
	t.Cleanup(srv.Close)
	r, n, tp := fullRig(t, rigOptions{sinks: fmt.Sprintf("  strict: {type: webhook, url: %q, start: earliest}", srv.URL)})
	raise := lower(t, r.jetStream(t), "CHIME_DEAD")
	require.NoError(t, flood(t.Context(), tp.addr, events, 0, func(n int) string { return fmt.Sprintf("meeting-%d", n%2) }))
	n.await(t, soon, "the other sink has everything", func() bool { return r.receiver.count() == events })
	require.Zero(t, messages(t, r, "CHIME_DEAD"))
	require.LessOrEqual(t, strict.refusals(), 2*events, "a sink that waits for DEAD sends nothing more")
	raise()
	n.await(t, soon, "everything given up", func() bool { return messages(t, r, "CHIME_DEAD") == events })
	r.settle(t, n.process)
	require.NoError(t, n.stop(t))
}

// TestEventsFullWithASinkDown fills EVENTS and then RAW while the sink refuses everything, and expects all of it to flow when
// the sink is back, without a restart.
func TestEventsFullWithASinkDown(t *testing.T) {
	t.Parallel()
	const events, size = 600, 100_000 // 60 MB into 16 MiB of EVENTS and as much of RAW
	r, n, tp := fullRig(t, rigOptions{maxBytes: "16MiB"})
	r.receiver.refuseAll(http.StatusServiceUnavailable)
	done := make(chan error, 1)
	go func() {
		done <- flood(t.Context(), tp.addr, events, size, func(n int) string { return fmt.Sprintf("meeting-%d", n%50) })
	}()
	n.await(t, soon, "both streams full", func() bool {
		return tp.refused("/eventbridge") > 0 && streamState(t, r, "CHIME_EVENTS").Bytes > 14<<20
	})
	n.await(t, soon, "not ready", func() bool { return n.status("/readyz") == http.StatusServiceUnavailable })
	r.receiver.refuseAll(0)
	require.NoError(t, <-done)
	r.settle(t, n.process)
	requireEach(t, r.receiver, events)
	n.await(t, soon, "ready again", func() bool { return n.status("/readyz") == http.StatusOK })
	require.Less(t, residentBytes(t, n), int64(600<<20))
	require.NoError(t, n.stop(t))
}

// requireEach expects so many events at the sink, each at least once and those of a meeting in order.
func requireEach(t *testing.T, r *receiver, events int) {
	t.Helper()
	ids := map[string]bool{}
	for _, d := range r.all() {
		ids[d.id] = ids[d.id] || d.answered > 0
	}
	for id, answered := range ids {
		require.True(t, answered, "event %s was never answered", id)
	}
	require.Len(t, ids, events)
}

// TestRawIsPurgedWhilePartitionsAreIdle sends one meeting several times what RAW and EVENTS hold: it goes through only if both
// are purged although 7 of 8 partitions have never had a record.
func TestRawIsPurgedWhilePartitionsAreIdle(t *testing.T) {
	t.Parallel()
	const events, size = 500, 100_000
	r, n, tp := fullRig(t, rigOptions{maxBytes: "16MiB"})
	require.NoError(t, flood(t.Context(), tp.addr, events, size, func(int) string { return "the-only-meeting" }))
	r.settle(t, n.process)
	requireEach(t, r.receiver, events)
	require.Less(t, streamState(t, r, "CHIME_RAW").Msgs, uint64(events))
	require.NoError(t, n.stop(t))
}
