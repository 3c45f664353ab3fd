package eventbridge_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/eventbridge"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

func TestStoredAsReceived(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	for _, body := range []string{event(t), "no JSON at all", "", "\x00\xff", strings.Repeat("x", 2<<20)} {
		w := h.post(body, func(r *http.Request) { r.Header.Set("X-Amzn-Trace-Id", "Root=1-67\x01") })
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "OK\n", w.Body.String())
		got := out.Stored()[len(out.Stored())-1]
		require.Equal(t, body, string(got.Body))
		require.Equal(t, "Root=1-67", got.Trace)
		require.Equal(t, h.clock.Now(), got.Received)
	}
	require.Equal(t, 5, h.count(t, "stored"))
	h.post("{}", func(r *http.Request) { r.Header.Set("Carillon-Request-Id", "of the listener") })
	require.Equal(t, "of the listener", out.Stored()[5].Trace, "where the path gave none")
}

func TestRefused(t *testing.T) {
	basic := func(c *eventbridge.Config) {
		c.Auth.APIKey.Value = pipeline.Secret{}
		c.Auth.Basic = eventbridge.BasicConfig{Username: "bus", Password: pipeline.NewSecret(key)}
	}
	bearer := func(c *eventbridge.Config) {
		c.Auth.APIKey.Value, c.Auth.Bearer.Token = pipeline.Secret{}, pipeline.NewSecret(key)
	}
	set := func(header, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(header, value) }
	}
	tests := []struct {
		name    string
		config  func(*eventbridge.Config)
		change  func(*http.Request)
		body    string
		status  int
		outcome string
		header  http.Header
	}{
		{name: "no key", change: func(r *http.Request) { r.Header.Del("X-Api-Key") }, status: 401, outcome: "unauthorized"},
		{name: "wrong key", change: set("X-Api-Key", "wrong"), status: 401, outcome: "unauthorized"},
		{name: "longer key", change: set("X-Api-Key", key+"x"), status: 401, outcome: "unauthorized"},
		{name: "key in another header", change: func(r *http.Request) {
			r.Header.Del("X-Api-Key")
			r.Header.Set("Authorization", key)
		}, status: 401, outcome: "unauthorized"},
		{
			name: "wrong password", config: basic, change: func(r *http.Request) { r.SetBasicAuth("bus", "wrong") }, status: 401,
			outcome: "unauthorized", header: http.Header{"Www-Authenticate": {`Basic realm="carillon", charset="UTF-8"`}},
		},
		{name: "wrong user", config: basic, change: func(r *http.Request) { r.SetBasicAuth("bos", key) }, status: 401, outcome: "unauthorized"},
		{name: "no credentials", config: basic, status: 401, outcome: "unauthorized"},
		{
			name: "no token", config: bearer, status: 401, outcome: "unauthorized",
			header: http.Header{"Www-Authenticate": {`Bearer realm="carillon"`}},
		},
		{name: "wrong token", config: bearer, change: set("Authorization", "Bearer wrong"), status: 401, outcome: "unauthorized"},
		{name: "token without its scheme", config: bearer, change: set("Authorization", key), status: 401, outcome: "unauthorized"},
		{
			name: "GET", change: func(r *http.Request) { r.Method = http.MethodGet }, status: 405, outcome: "method",
			header: http.Header{"Allow": {http.MethodPost}},
		},
		{name: "encoded", change: set("Content-Encoding", "gzip"), status: 415, outcome: "content_encoding"},
		{name: "announced too large", body: strings.Repeat("x", 2<<20+1), status: 413, outcome: "too_large"},
		{
			name: "too large in chunks", body: strings.Repeat("x", 2<<20+1),
			change: func(r *http.Request) { r.ContentLength = -1 }, status: 413, outcome: "too_large",
		},
		{
			name: "cut off", change: func(r *http.Request) { r.Body = io.NopCloser(cutReader{}) }, status: 503, outcome: "cut_off",
			header: http.Header{"Retry-After": {"5"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, out := build(t, tt.config), &pipelinetest.Emitter{}
			h.run(t, out)
			before := h.count(t, tt.outcome)
			w := h.post(tt.body, tt.change)
			require.Equal(t, tt.status, w.Code)
			require.Equal(t, http.StatusText(tt.status)+"\n", w.Body.String(), "an answer tells nothing else")
			require.Equal(t, before+1, h.count(t, tt.outcome))
			require.Empty(t, out.Stored())
			require.NotContains(t, h.log.String(), key)
			for name := range tt.header {
				require.Equal(t, tt.header.Get(name), w.Header().Get(name))
			}
		})
	}
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAccepted(t *testing.T) {
	tests := map[string]struct {
		config func(*eventbridge.Config)
		change func(*http.Request)
	}{
		"api key":      {},
		"other header": {func(c *eventbridge.Config) { c.Auth.APIKey.Header = "X-Chime" }, func(r *http.Request) { r.Header.Set("x-chime", key) }},
		"basic": {func(c *eventbridge.Config) {
			c.Auth.APIKey.Value = pipeline.Secret{}
			c.Auth.Basic = eventbridge.BasicConfig{Username: "bus", Password: pipeline.NewSecret("pass:word")}
		}, func(r *http.Request) { r.SetBasicAuth("bus", "pass:word") }},
		"bearer": {func(c *eventbridge.Config) {
			c.Auth.APIKey.Value, c.Auth.Bearer.Token = pipeline.Secret{}, pipeline.NewSecret("a token")
		}, func(r *http.Request) { r.Header.Set("Authorization", "bearer a token") }},
		"none": {func(c *eventbridge.Config) { c.Auth.APIKey.Value, c.Auth.None = pipeline.Secret{}, true }, func(r *http.Request) {
			r.Header.Del("X-Api-Key")
		}},
		"identity": {nil, func(r *http.Request) { r.Header.Set("Content-Encoding", "identity") }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h, out := build(t, tt.config), &pipelinetest.Emitter{}
			h.run(t, out)
			require.Equal(t, http.StatusOK, h.post("{}", tt.change).Code)
			require.Len(t, out.Stored(), 1)
		})
	}
}

func TestNotStored(t *testing.T) {
	tests := map[string]struct {
		err        error
		retryAfter string
	}{
		"plain":         {errors.New("journal is away"), "7"},
		"short wait":    {pipeline.Throttle(errors.New("slow down"), time.Second), "7"},
		"long wait":     {pipeline.Throttle(errors.New("slow down"), 61500*time.Millisecond), "62"},
		"absurd wait":   {pipeline.Throttle(errors.New("slow down"), 48*time.Hour), "3600"},
		"even rejected": {pipeline.Reject(errors.New("never")), "7"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := build(t, func(c *eventbridge.Config) { c.RetryAfter = 7 * time.Second })
			out := &pipelinetest.Emitter{}
			out.Decide(func(pipeline.Notification) error { return tt.err })
			h.run(t, out)
			for range 3 {
				w := h.post(event(t), nil)
				require.Equal(t, http.StatusServiceUnavailable, w.Code)
				require.Equal(t, tt.retryAfter, w.Header().Get("Retry-After"))
				require.Equal(t, "Service Unavailable\n", w.Body.String())
			}
			require.Equal(t, 3, h.count(t, "not_stored"))
			require.Equal(t, 1, strings.Count(h.log.String(), tt.err.Error()), "the same line once, not once per request")
			require.NotContains(t, h.log.String(), "meetingId")
		})
	}
}

// emitFunc is an emitter that does what a test wants.
type emitFunc func(ctx context.Context) error

func (f emitFunc) Emit(ctx context.Context, _ ...pipeline.Notification) error { return f(ctx) }

func blocked(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestSlowJournalIsAnsweredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.source.Run(ctx, emitFunc(blocked)) }()
		synctest.Wait()
		start := time.Now()
		w := h.post(event(t), nil)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "5", w.Header().Get("Retry-After"))
		require.Equal(t, 4*time.Second, time.Since(start))
		require.Equal(t, 1, h.count(t, "not_stored"))
		cancel()
		require.NoError(t, <-done)
	})
}

func TestStopWaitsForRequestsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, nil)
		require.Equal(t, http.StatusServiceUnavailable, h.post("{}", nil).Code, "before the start")

		goOn := make(chan struct{})
		out := emitFunc(func(ctx context.Context) error {
			select {
			case <-goOn:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.source.Run(ctx, out) }()
		synctest.Wait()
		status := make(chan int, 1)
		go func() { status <- h.post("{}", nil).Code }()
		synctest.Wait()
		cancel()
		synctest.Wait()

		w := h.post("{}", nil)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, "after the end")
		require.Equal(t, "5", w.Header().Get("Retry-After"))
		require.Empty(t, done, "Run waits for the request in hand")
		close(goOn)
		require.Equal(t, http.StatusOK, <-status, "what was taken is acknowledged")
		require.NoError(t, <-done)
		require.Equal(t, 2, h.count(t, "not_running"))
	})
}

func TestMemoryForBodiesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.source.Run(ctx, emitFunc(blocked)) }()
		synctest.Wait()
		body := strings.Repeat("x", 2<<20)
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() { h.post(body, nil) })
		}
		all.Wait()
		require.Equal(t, 40, h.count(t, "busy")+h.count(t, "not_stored"))
		require.GreaterOrEqual(t, h.count(t, "busy"), 8, "at most 64 MiB at once")
		require.Positive(t, h.count(t, "not_stored"))
		cancel()
		require.NoError(t, <-done)
	})
}

// TestManyConnections sends as EventBridge does: a connection for each event.
func TestManyConnections(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	stop := h.run(t, out)
	server := httptest.NewServer(h.handler)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	const senders, each = 16, 20
	var good atomic.Int32
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for range each {
				if send(t, client, server.URL, event(t)) == http.StatusOK {
					good.Add(1)
				}
			}
		})
	}
	all.Wait()
	stop()
	require.Equal(t, int32(senders*each), good.Load())
	require.Len(t, out.Stored(), senders*each)
}

func send(t *testing.T, client *http.Client, url, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/eventbridge", strings.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Range", "bytes=0-1048575")
	r.Header.Set("X-Api-Key", key)
	resp, err := client.Do(r)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestMetricsAreWellFormedAndComplete(t *testing.T) {
	h := build(t, nil)
	problems, err := testutil.GatherAndLint(h.registry)
	require.NoError(t, err)
	require.Empty(t, problems)
	n, err := testutil.GatherAndCount(h.registry)
	require.NoError(t, err)
	require.Equal(t, 10+10+11+2+1, n, "every combination exists from the start")
}

func TestNewNeedsAListener(t *testing.T) {
	factory := eventbridge.Factory()
	_, err := factory.New(factory.Config(), pipeline.Settings{ID: "bus"})
	require.EqualError(t, err, "building an eventbridge source: there is no listener")
	_, err = factory.New(nil, pipeline.Settings{ID: "bus"})
	require.ErrorContains(t, err, "bus")
}
