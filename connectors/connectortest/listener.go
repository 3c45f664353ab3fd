package connectortest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	"carillon/pipeline"
)

// Listener stands in for the shared listener of the router in the driver of a source that is a receiver, and notes what the
// source answers. It is safe for concurrent use.
type Listener struct {
	server *httptest.Server
	read   func(body []byte) (notification string, ok bool)
	takes  func(status int) bool
	served atomic.Pointer[http.Handler]

	mu       sync.Mutex
	expected map[string]bool // true: acknowledged
	taken    int
}

// NewListener listens on loopback. read returns the body that was put from that of a request; ok is false when the request
// is no notification. takes tells which statuses are an acknowledgement to the far side. Close must be called.
func NewListener(read func([]byte) (string, bool), takes func(status int) bool) *Listener {
	l := &Listener{read: read, takes: takes, expected: map[string]bool{}}
	l.server = httptest.NewServer(http.HandlerFunc(l.serve))
	return l
}

// URL returns where path is.
func (l *Listener) URL(path string) string { return l.server.URL + path }

// Handle serves everything with h from now on; nil answers 503, as a router without that source.
func (l *Listener) Handle(h http.Handler) {
	if h == nil {
		l.served.Store(nil)
		return
	}
	l.served.Store(&h)
}

// Mux returns an empty mux for the next source. With its first path it takes the place of the one before.
func (l *Listener) Mux() pipeline.Mux { return &mux{paths: http.NewServeMux(), of: l} }

// TakenMux returns a mux on which every path is taken already.
func TakenMux() pipeline.Mux { return takenMux{} }

// Expect notes bodies that the far side has taken charge of.
func (l *Listener) Expect(bodies ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range bodies {
		l.expected[b] = false
	}
}

// Pending returns the expected bodies that were not acknowledged.
func (l *Listener) Pending() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for b, acknowledged := range l.expected {
		if !acknowledged {
			out = append(out, b)
		}
	}
	return out
}

// Taken returns how many notifications wait for an answer.
func (l *Listener) Taken() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken
}

// Close ends the listener and its connections.
func (l *Listener) Close() {
	l.server.CloseClientConnections()
	l.server.Close()
}

func (l *Listener) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	notification, ok := l.read(body)
	if !ok {
		l.answer(w, r)
		return
	}
	l.count(1)
	defer l.count(-1)
	if status := l.answer(w, r); l.takes(status) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.expected[notification] = true
	}
}

func (l *Listener) count(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken += n
}

// answer lets the source answer and returns the status.
func (l *Listener) answer(w http.ResponseWriter, r *http.Request) int {
	h := l.served.Load()
	if h == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return http.StatusServiceUnavailable
	}
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	(*h).ServeHTTP(seen, r)
	return seen.status
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets an http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// mux is the shared listener as one source sees it.
type mux struct {
	paths *http.ServeMux
	of    *Listener
}

// Handle implements pipeline.Mux.
func (m *mux) Handle(path string, h http.Handler) error {
	m.paths.Handle(path, h)
	m.of.Handle(m.paths)
	return nil
}

type takenMux struct{}

// Handle implements pipeline.Mux.
func (takenMux) Handle(path string, _ http.Handler) error {
	return fmt.Errorf("path %q is taken by another source", path)
}
