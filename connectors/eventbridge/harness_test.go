package eventbridge_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/eventbridge"
	"carillon/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "correct-horse-battery"

// listener is the shared listener of the router, as far as a source sees it.
type listener struct{ *http.ServeMux }

func (l listener) Handle(path string, h http.Handler) error {
	l.ServeMux.Handle(path, h)
	return nil
}

// log collects what a source logs.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type harness struct {
	source   pipeline.Source
	handler  http.Handler
	registry *prometheus.Registry
	log      *log
	clock    *clock
}

// build makes a source from the defaults with an API key, changed by change.
func build(t *testing.T, change func(*eventbridge.Config)) *harness {
	t.Helper()
	factory := eventbridge.Factory()
	cfg, ok := factory.Config().(*eventbridge.Config)
	require.True(t, ok)
	cfg.Auth.APIKey.Value = pipeline.NewSecret(key)
	h := &harness{registry: prometheus.NewRegistry(), log: &log{}, clock: &clock{now: time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC)}}
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	mux := listener{http.NewServeMux()}
	source, err := factory.New(cfg, pipeline.Settings{
		ID: "bus", Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Registerer: h.registry, Clock: h.clock.Now, HTTP: mux,
	})
	require.NoError(t, err)
	h.source, h.handler = source, mux
	return h
}

// run runs the source until stop is called or the test ends; stop returns once Run has.
func (h *harness) run(t *testing.T, out pipeline.Emitter) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- h.source.Run(ctx, out) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(stop)
	h.awaitOpen(t)
	return stop
}

// awaitOpen asks with a method that stores nothing until the source admits requests.
func (h *harness) awaitOpen(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/eventbridge", http.NoBody))
		return w.Code == http.StatusMethodNotAllowed
	}, 20*time.Second, time.Millisecond)
}

// post sends body with the right key, changed by change, straight to the handler.
func (h *harness) post(body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/eventbridge", strings.NewReader(body))
	r.Header.Set("X-Api-Key", key)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// count is the number of requests with the given outcome.
func (h *harness) count(t *testing.T, outcome string) int {
	t.Helper()
	n, ok := h.values(t, "carillon_eventbridge_requests_total")[outcome]
	require.True(t, ok, "no such outcome: %s", outcome)
	return n
}

// values returns a counter by its one label.
func (h *harness) values(t *testing.T, name string) map[string]int {
	t.Helper()
	families, err := h.registry.Gather()
	require.NoError(t, err)
	values := map[string]int{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				values[m.GetLabel()[0].GetValue()] = int(m.GetCounter().GetValue())
			}
		}
	}
	return values
}

func event(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/event.json")
	require.NoError(t, err)
	return string(b)
}
