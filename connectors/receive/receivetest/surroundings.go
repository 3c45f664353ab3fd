package receivetest

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// Mux is the shared listener of the router, as far as a source sees it. The zero value is ready.
type Mux struct{ http.ServeMux }

// Handle implements pipeline.Mux.
func (m *Mux) Handle(path string, h http.Handler) error {
	m.ServeMux.Handle(path, h)
	return nil
}

// Log collects what a source logs. The zero value is ready. It is safe for concurrent use.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Clock is a clock that a test sets. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at now.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

// Now returns where the clock stands.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance puts the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Run runs a source until stop is called or the test ends; stop returns once Run of the source has. It returns when the source
// takes requests to path from h, which it asks with a method that stores nothing.
func Run(tb testing.TB, s pipeline.Source, h http.Handler, path string, out pipeline.Emitter) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, out) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(tb, <-done)
	})
	tb.Cleanup(stop)
	require.Eventually(tb, func() bool {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody))
		return w.Code == http.StatusMethodNotAllowed
	}, 20*time.Second, time.Millisecond)
	return stop
}

// Values returns a counter by its one label.
func Values(tb testing.TB, g prometheus.Gatherer, name string) map[string]int {
	tb.Helper()
	families, err := g.Gather()
	require.NoError(tb, err)
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
