package admin_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline"
	"carillon/pipeline/admin"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/pipelinetest"
	"carillon/pipeline/router"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token = "a secret of tests"
	limit = 20 * time.Second
	// base is the time of event number 0, in milliseconds.
	base = 1_767_607_200_000
)

// number returns which event of the test it is.
func number(e *pipeline.Event) int64 { return e.Time.UnixMilli() - base }

// rig is a router with hand-fed events and remembering sinks.
type rig struct {
	*admin.Client
	t      *testing.T
	ctx    context.Context //nolint:containedctx // bounds one test
	dir    string
	source *pipelinetest.Source
	sinks  map[string]*pipelinetest.Sink
	router *router.Router
	log    *bytes.Buffer
	config deliver.Config
	sent   int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*limit)
	t.Cleanup(cancel)
	r := &rig{t: t, ctx: ctx, dir: t.TempDir(), config: deliver.DefaultConfig(), log: &bytes.Buffer{}}
	r.config.Start, r.config.Retry.Initial, r.config.Retry.Max = deliver.StartEarliest, time.Millisecond, 5*time.Millisecond
	r.config.Guard.Last = 0
	return r
}

// start gives the rig a life with these sinks. Those that it had before go on as they are.
func (r *rig) start(ids ...string) {
	r.t.Helper()
	require.NoError(r.t, r.try(ids...))
	r.t.Cleanup(r.stop)
}

func (r *rig) try(ids ...string) error {
	stream := journal.DefaultStream()
	stream.Partitions, stream.MaxBytes = 2, 64*pipeline.MiB
	connect := journal.DefaultConnect()
	connect.Embedded.Dir, connect.Embedded.Sync = r.dir, journal.SyncInterval
	r.source = pipelinetest.NewSource()
	setup := router.Setup{
		Connect: connect, Stream: stream, Order: order.Config{Mode: order.ModeNone, Late: order.LateForward},
		HTTP: router.HTTPConfig{Listen: "127.0.0.1:0"}, Shutdown: router.DefaultShutdown(), Delivery: router.DefaultDelivery(),
		Admin:   router.AdminConfig{Listen: "127.0.0.1:0", Token: pipeline.NewSecret(token)},
		Sources: []router.SourceSetup{{ID: "queue", New: func(pipeline.Settings) (pipeline.Source, error) { return r.source, nil }}},
	}
	if r.sinks == nil {
		r.sinks = map[string]*pipelinetest.Sink{}
	}
	for _, id := range ids {
		if r.sinks[id] == nil {
			r.sinks[id] = &pipelinetest.Sink{}
		}
		sink := r.sinks[id]
		setup.Sinks = append(setup.Sinks, router.SinkSetup{ID: id, Deliver: r.config, New: func(pipeline.Settings) (pipeline.Sink, error) { return sink, nil }})
	}
	r.router = router.New(setup, router.Settings{
		Logger: slog.New(slog.NewTextHandler(r.log, nil)), Registry: prometheus.NewRegistry(), Clock: time.Now,
	})
	if err := r.router.Start(r.ctx); err != nil {
		return err
	}
	r.Client = &admin.Client{URL: "http://" + r.router.AdminAddr(), Token: token, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	return nil
}

func (r *rig) stop() {
	r.t.Helper()
	require.NoError(r.t, r.router.Stop(context.WithoutCancel(r.ctx)))
}

// joined is the next event of a meeting; its time counts all that were sent.
func (r *rig) joined(meeting string) string {
	r.sent++
	return fmt.Sprintf(`{"version":"0","source":"aws.chime","account":"444455556666","region":"us-east-1",`+
		`"detail-type":"Chime Meeting State Change","time":"2026-01-01T00:00:00.000Z","detail":{"version":"0",`+
		`"eventType":"chime:AttendeeJoined","timestamp":%d,"meetingId":%q,"attendeeId":"a-%d","networkType":"Voip"}}`, base+r.sent, meeting, r.sent)
}

// send sends n events of each meeting in turn.
func (r *rig) send(n int, meetings ...string) {
	r.t.Helper()
	for range n {
		for _, m := range meetings {
			require.NoError(r.t, r.source.Emit(r.ctx, r.joined(m)))
		}
	}
}

// rejecting makes a sink reject every second event while on is set.
func rejecting(sink *pipelinetest.Sink, on *atomic.Bool) {
	sink.Decide(func(e pipeline.Event) error {
		if on.Load() && number(&e)%2 == 0 {
			return pipeline.Reject(fmt.Errorf("row %d is not wanted", number(&e))) //nolint:err113 // of a fake
		}
		return nil
	})
}

func (r *rig) eventually(what string, f func() bool) {
	r.t.Helper()
	require.Eventually(r.t, f, limit, 5*time.Millisecond, what)
}

// dead lists dead letters.
func (r *rig) dead(f admin.DeadFilter) []admin.DeadLetter {
	r.t.Helper()
	out, err := r.Dead(r.ctx, f, 1000, 0)
	require.NoError(r.t, err)
	return out.Dead
}

// work does a job and returns counts and failures.
func (r *rig) work(path string, job any) (map[string]int, []admin.Failure) {
	r.t.Helper()
	var failed []admin.Failure
	counts, err := r.Work(r.ctx, path, job, func(l admin.Line) {
		if l.Failed != nil {
			failed = append(failed, *l.Failed)
		}
	})
	require.NoError(r.t, err)
	return counts, failed
}

func times(events []pipeline.Event, meeting string) (out []int64) {
	for i := range events {
		if events[i].Key == meeting {
			out = append(out, number(&events[i]))
		}
	}
	return out
}

// TestDeadLetters lists, shows, redrives and drops them.
func TestDeadLetters(t *testing.T) {
	r := newRig(t)
	var on atomic.Bool
	on.Store(true)
	r.start("out", "other")
	rejecting(r.sinks["out"], &on)
	r.send(10, "a", "b") // a has the odd numbers, b the even ones.
	r.eventually("dead letters", func() bool { return len(r.dead(admin.DeadFilter{})) == 10 })

	all := r.dead(admin.DeadFilter{Sink: "out"})
	require.Len(t, all, 10)
	one := all[3]
	require.Equal(t, "b", one.Meeting)
	require.Equal(t, "chime:AttendeeJoined", one.Kind)
	require.Equal(t, "row 8 is not wanted", one.Reason)
	require.Equal(t, 1, one.Attempts)
	require.Empty(t, one.Text)
	shown, err := r.DeadAt(r.ctx, one.Place)
	require.NoError(t, err)
	require.Contains(t, shown.Text, `"timestamp":1767607200008,`)
	require.Len(t, shown.Text, one.Bytes)
	for want, f := range map[int]admin.DeadFilter{
		10: {Meeting: "b", Kind: "chime:Attendee*", Reason: "IS NOT", From: "2026-01-01T00:00:00Z"},
		0:  {Meeting: "a"},
		1:  {IDs: []string{one.ID[:8]}},
		2:  {Reason: "row 1", To: time.Now().Add(time.Minute).Format(time.RFC3339), IDs: []string{all[4].ID, all[5].ID, all[0].ID}},
	} {
		require.Len(t, r.dead(f), want, "%+v", f)
	}
	require.Equal(t, all[2:4], r.dead(admin.DeadFilter{Places: []uint64{all[3].Place, all[2].Place}}))
	require.Empty(t, r.dead(admin.DeadFilter{Sink: "other"}))
	require.Empty(t, r.dead(admin.DeadFilter{Kind: "chime:Meeting*"}))
	require.Empty(t, r.dead(admin.DeadFilter{To: "2026-01-01T00:00:00Z"}))
	var paged []admin.DeadLetter
	for after := uint64(0); ; {
		page, err := r.Dead(r.ctx, admin.DeadFilter{}, 3, after)
		require.NoError(t, err)
		paged = append(paged, page.Dead...)
		if after = page.Next; after == 0 {
			break
		}
	}
	require.Equal(t, all, paged)

	counts, failed := r.work("dead/redrive", admin.DeadJob{DeadFilter: admin.DeadFilter{Meeting: "b"}, DryRun: true})
	require.Equal(t, map[string]int{"matched": 10}, counts)
	require.Empty(t, failed)
	counts, failed = r.work("dead/redrive", admin.DeadJob{All: true})
	require.Equal(t, map[string]int{"rejected": 1, "behind": 9}, counts, "the first stays, so nothing overtakes it")
	require.Equal(t, admin.Failure{Place: all[0].Place, Sink: "out", Meeting: "b", ID: all[0].ID, Result: "rejected", Reason: "row 2 is not wanted"}, failed[0])

	counts, _ = r.work("dead/drop", admin.DeadJob{DeadFilter: admin.DeadFilter{IDs: []string{all[1].ID}}})
	require.Equal(t, map[string]int{"dropped": 1}, counts)
	on.Store(false)
	counts, failed = r.work("dead/redrive", admin.DeadJob{DeadFilter: admin.DeadFilter{Sink: "out"}})
	require.Equal(t, map[string]int{"accepted": 9}, counts)
	require.Empty(t, failed)
	require.Empty(t, r.dead(admin.DeadFilter{}))
	require.Equal(t, []int64{2, 6, 8, 10, 12, 14, 16, 18, 20}, times(r.sinks["out"].Accepted(), "b"), "in the order of the meeting")
	counts, _ = r.work("dead/redrive", admin.DeadJob{All: true})
	require.Empty(t, counts, "again, and there is nothing left")
}

// TestReplay sends history again.
func TestReplay(t *testing.T) {
	r := newRig(t)
	r.config.Where = `attendee != "a-5"`
	r.start("out")
	begin := time.Now().Add(-time.Minute).Format(time.RFC3339)
	end := time.Now().Add(time.Hour).Format(time.RFC3339)
	r.send(300, "a", "b")
	require.NoError(t, r.sinks["out"].Wait(r.ctx, 599))
	counts, _ := r.work("replay", admin.ReplayJob{Sink: "out", From: begin, To: end, DryRun: true})
	require.Equal(t, map[string]int{"matched": 599, "unwanted": 1}, counts)
	require.Len(t, r.sinks["out"].Accepted(), 599)
	counts, failed := r.work("replay", admin.ReplayJob{Sink: "out", From: begin, To: end, Meeting: "a"})
	require.Equal(t, map[string]int{"accepted": 299, "unwanted": 1}, counts)
	require.Empty(t, failed)
	all := r.sinks["out"].Accepted()
	require.Len(t, all, 599+299)
	require.Equal(t, times(all[:599], "a"), times(all[599:], "a"))
	for i := range all {
		require.Equal(t, i >= 599, all[i].Replay)
	}
	counts, _ = r.work("replay", admin.ReplayJob{Sink: "out", From: "2026-01-01T00:00:00Z", To: begin})
	require.Empty(t, counts)
}

// TestReplayStopsAMeeting leaves a meeting out from the event on that is not accepted, and tries again what is refused for now.
func TestReplayStopsAMeeting(t *testing.T) {
	r := newRig(t)
	r.start("out")
	r.send(5, "a", "b")
	require.NoError(t, r.sinks["out"].Wait(r.ctx, 10))
	var refused atomic.Int64
	r.sinks["out"].Decide(func(e pipeline.Event) error {
		switch {
		case e.Key == "b" && number(&e) == 4:
			return pipeline.Reject(io.ErrUnexpectedEOF)
		case e.Key == "a" && refused.Add(1) <= 2:
			return io.ErrUnexpectedEOF
		}
		return nil
	})
	counts, failed := r.work("replay", admin.ReplayJob{Sink: "out", From: "2026-01-01T00:00:00Z", To: "2100-01-01T00:00:00Z"})
	require.Equal(t, map[string]int{"accepted": 9, "rejected": 1}, counts)
	require.Len(t, failed, 1)
	require.Equal(t, "unexpected EOF", failed[0].Reason)
	require.Equal(t, []int64{1, 3, 5, 7, 9, 1, 3, 5, 7, 9}, times(r.sinks["out"].Accepted(), "a"))
}

// TestQuarantine lists, shows, retries and drops.
func TestQuarantine(t *testing.T) {
	r := newRig(t)
	r.start("out")
	require.NoError(t, r.source.Emit(r.ctx, `{"broken":`, "also broken"))
	// What an older version could not read and this one can.
	require.NoError(t, r.router.Journal().Quarantine(r.ctx, journal.Quarantined{
		Source: "queue", Reason: "unreadable notification (no_detail_type)", Received: time.Now(), Body: []byte(r.joined("a")),
	}))
	list := func(f admin.QuarantineFilter) []admin.Quarantined {
		out, err := r.Quarantine(r.ctx, f, 1000, 0)
		require.NoError(t, err)
		return out.Quarantine
	}
	all := list(admin.QuarantineFilter{})
	require.Len(t, all, 3)
	require.Len(t, list(admin.QuarantineFilter{Source: "queue", Reason: "no_detail_type"}), 1)
	require.Empty(t, list(admin.QuarantineFilter{Source: "other"}))
	require.Len(t, list(admin.QuarantineFilter{Places: []uint64{all[1].Place}}), 1)
	shown, err := r.QuarantineAt(r.ctx, all[1].Place)
	require.NoError(t, err)
	require.Equal(t, "also broken", shown.Text)

	counts, failed := r.work("quarantine/retry", admin.QuarantineJob{All: true})
	require.Equal(t, map[string]int{"stored": 1, "unreadable": 2}, counts)
	require.Len(t, failed, 2)
	require.Contains(t, failed[0].Reason, "unreadable notification")
	require.NoError(t, r.sinks["out"].Wait(r.ctx, 1))
	require.Equal(t, "a", r.sinks["out"].Accepted()[0].Key)
	require.Len(t, list(admin.QuarantineFilter{}), 2)
	counts, _ = r.work("quarantine/drop", admin.QuarantineJob{QuarantineFilter: admin.QuarantineFilter{Places: []uint64{all[0].Place}}, DryRun: true})
	require.Equal(t, map[string]int{"matched": 1}, counts)
	counts, _ = r.work("quarantine/drop", admin.QuarantineJob{QuarantineFilter: admin.QuarantineFilter{Places: []uint64{all[0].Place}}})
	require.Equal(t, map[string]int{"dropped": 1}, counts)
	require.Len(t, list(admin.QuarantineFilter{}), 1)
	_, err = r.QuarantineAt(r.ctx, all[0].Place)
	require.ErrorContains(t, err, "no quarantined record")
}

// TestSinks lists them, renames one, and forgets one that is gone. No sinks at all is a router too.
func TestSinks(t *testing.T) {
	r := newRig(t)
	var on atomic.Bool
	on.Store(true)
	require.NoError(t, r.try("audit", "out"))
	rejecting(r.sinks["audit"], &on)
	r.send(4, "a")
	require.NoError(t, r.sinks["audit"].Wait(r.ctx, 2))
	require.NoError(t, r.sinks["out"].Wait(r.ctx, 4))
	r.eventually("the floors", func() bool {
		got, err := r.Sinks(r.ctx)
		require.NoError(t, err)
		return got.Sinks[0] == admin.Sink{ID: "audit", State: "delivering", Dead: 2} && got.Sinks[1] == admin.Sink{ID: "out", State: "delivering"}
	})
	require.ErrorContains(t, r.Sink(r.ctx, "audit", "forget", ""), "remove it there and restart first")
	require.ErrorContains(t, r.Sink(r.ctx, "nothing", "forget", ""), `there is no sink "nothing"`)
	require.ErrorContains(t, r.Sink(r.ctx, "audit", "rename", "out"), "begun already")
	require.ErrorContains(t, r.Sink(r.ctx, "audit", "rename", "Not a name"), "an id is")
	require.NoError(t, r.Sink(r.ctx, "audit", "rename", "archive"))
	require.NoError(t, r.Sink(r.ctx, "out", "resume", ""))
	require.ErrorContains(t, r.Sink(r.ctx, "nothing", "resume", ""), "not in the configuration")
	r.stop()

	require.ErrorContains(t, r.try("audit", "archive"), "both are in the configuration")
	require.NoError(t, r.try("archive"))
	require.Contains(t, r.log.String(), "goes on under another name")
	require.Contains(t, r.log.String(), "no configuration any more")
	r.send(1, "a")
	require.NoError(t, r.sinks["archive"].Wait(r.ctx, 1))
	require.Equal(t, []int64{5}, times(r.sinks["archive"].Accepted(), "a"), "it goes on where audit was")
	require.Len(t, r.dead(admin.DeadFilter{Sink: "archive"}), 2)
	counts, _ := r.work("dead/redrive", admin.DeadJob{DeadFilter: admin.DeadFilter{Sink: "archive"}})
	require.Equal(t, map[string]int{"accepted": 2}, counts)
	got, err := r.Sinks(r.ctx)
	require.NoError(t, err)
	require.Len(t, got.Sinks, 2)
	require.Equal(t, "gone", got.Sinks[1].State)
	require.EqualValues(t, 1, got.Sinks[1].Waiting)
	require.NoError(t, r.Sink(r.ctx, "out", "forget", ""))
	r.stop()

	require.NoError(t, r.try())
	r.send(1, "a")
	got, err = r.Sinks(r.ctx)
	require.NoError(t, err)
	require.Len(t, got.Sinks, 1)
	require.Equal(t, "archive", got.Sinks[0].ID)
	require.NoError(t, r.Sink(r.ctx, "archive", "forget", ""))
	r.stop()
}

// TestDeadLettersOfAGoneSink are dropped although nobody delivers to it, and not redriven.
func TestDeadLettersOfAGoneSink(t *testing.T) {
	r := newRig(t)
	var on atomic.Bool
	on.Store(true)
	require.NoError(t, r.try("out"))
	rejecting(r.sinks["out"], &on)
	r.send(4, "a")
	r.eventually("dead letters", func() bool { return len(r.dead(admin.DeadFilter{})) == 2 })
	r.stop()
	r.start("other")
	counts, failed := r.work("dead/redrive", admin.DeadJob{All: true})
	require.Equal(t, map[string]int{"refused": 1, "behind": 1}, counts)
	require.Contains(t, failed[0].Reason, "no router delivers")
	counts, _ = r.work("dead/drop", admin.DeadJob{All: true})
	require.Equal(t, map[string]int{"dropped": 2}, counts)
	require.Empty(t, r.dead(admin.DeadFilter{}))
}

// TestWhoMayAsk expects nothing to be told without the token, and what is asked wrongly to be refused in words.
func TestWhoMayAsk(t *testing.T) {
	r := newRig(t)
	r.start("out")
	ask := func(method, path, body string, change func(http.Header)) (int, string) {
		req, err := http.NewRequestWithContext(r.ctx, method, r.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		if change != nil {
			change(req.Header)
		}
		resp, err := r.HTTP.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	for _, path := range []string{"sinks", "dead", "dead/1", "quarantine", "nothing"} {
		for _, auth := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Basic " + token, token, "Bearer " + token + "x"} {
			status, text := ask(http.MethodGet, "/api/v1/"+path, "", func(h http.Header) { h.Set("Authorization", auth) })
			require.Equal(t, http.StatusUnauthorized, status, "%s %s", path, auth)
			require.NotContains(t, text, token)
		}
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		words              string
	}{
		{http.MethodGet, "nothing", "", http.StatusNotFound, "no such path"},
		{http.MethodPut, "sinks", "", http.StatusNotFound, "no such path"},
		{http.MethodGet, "dead/x", "", http.StatusBadRequest, "not a place"},
		{http.MethodGet, "dead/77", "", http.StatusNotFound, "list them again"},
		{http.MethodGet, "dead?limit=0", "", http.StatusBadRequest, "1 to 1000"},
		{http.MethodGet, "dead?sink=a.b", "", http.StatusBadRequest, "not a name"},
		{http.MethodGet, "dead?meeting=%3E", "", http.StatusBadRequest, "not a name"},
		{http.MethodGet, "dead?kind=%5B", "", http.StatusBadRequest, "not a pattern"},
		{http.MethodGet, "dead?id=xyz", "", http.StatusBadRequest, "not an id"},
		{http.MethodGet, "dead?from=yesterday", "", http.StatusBadRequest, "not a time"},
		{http.MethodGet, "quarantine?place=x", "", http.StatusBadRequest, "not a number"},
		{http.MethodPost, "dead/redrive", "{}", http.StatusBadRequest, "nothing chooses"},
		{http.MethodPost, "dead/drop", `{"al":true}`, http.StatusBadRequest, "unknown field"},
		{http.MethodPost, "dead/drop", strings.Repeat(" ", 70<<10) + "{}", http.StatusBadRequest, "too large"},
		{http.MethodPost, "quarantine/drop", "{}", http.StatusBadRequest, "nothing chooses"},
		{http.MethodPost, "replay", `{"sink":"none","from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}`, http.StatusNotFound, "not in the configuration"},
		{http.MethodPost, "replay", `{"sink":"out","from":"2026-01-01T00:00:00Z"}`, http.StatusBadRequest, "from and to"},
	} {
		status, text := ask(c.method, "/api/v1/"+c.path, c.body, nil)
		require.Equal(t, c.status, status, "%s: %s", c.path, text)
		require.Contains(t, text, c.words)
	}
	status, text := ask(http.MethodPost, "/api/v1/dead/drop", `{"all":true}`, func(h http.Header) { h.Set("Content-Type", "text/plain") })
	require.Equal(t, http.StatusUnsupportedMediaType, status, text)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		status, _ = ask(http.MethodGet, path, "", func(h http.Header) { h.Del("Authorization") })
		require.Equal(t, http.StatusOK, status)
	}
}

// TestWithoutToken expects an API without a token to answer nobody, and one that is not open to say so.
func TestWithoutToken(t *testing.T) {
	for secret, want := range map[pipeline.Secret]string{{}: "the API is off", pipeline.NewSecret(token): "starting or stopping"} {
		api := admin.New(admin.Settings{Token: secret, Logger: slog.New(slog.DiscardHandler)})
		c := admin.Client{URL: "http://router", Token: token, HTTP: &http.Client{Transport: local{api}}}
		_, err := c.Sinks(t.Context())
		require.ErrorContains(t, err, want)
		require.NoError(t, api.Close(t.Context()))
	}
}

// TestStopEndsWork stops a router while a replay waits for a sink that does not answer.
func TestStopEndsWork(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.try("out"))
	r.send(20, "a")
	require.NoError(t, r.sinks["out"].Wait(r.ctx, 20))
	entered := make(chan struct{}, 100)
	release := make(chan struct{})
	r.sinks["out"].Decide(func(pipeline.Event) error {
		entered <- struct{}{}
		<-release
		return nil
	})
	done := make(chan error, 1)
	go func() {
		_, err := r.Work(r.ctx, "replay", admin.ReplayJob{Sink: "out", From: "2026-01-01T00:00:00Z", To: "2100-01-01T00:00:00Z"}, func(admin.Line) {})
		done <- err
	}()
	<-entered
	go func() { // The sink answers when the stop has begun.
		defer close(release)
		for err := error(nil); err == nil && r.ctx.Err() == nil; {
			_, err = r.Sinks(r.ctx)
		}
	}()
	r.stop()
	require.ErrorContains(t, <-done, "the router is stopping")
}

// local answers requests without a network.
type local struct{ http.Handler }

func (l local) RoundTrip(req *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	l.ServeHTTP(w, req)
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.body)}, nil
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
