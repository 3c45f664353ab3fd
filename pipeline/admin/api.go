package admin

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/deliver"
	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
)

// Prefix begins every path of the API.
const Prefix = "/api/v1/"

// Settings is the code's part of the API.
type Settings struct {
	// Token is what requests must carry; none: every request is refused.
	Token pipeline.Secret
	// Logger takes a line for whatever was changed.
	Logger *slog.Logger
}

// Backend is what the API works on.
type Backend struct {
	Journal *journal.Journal
	Retrier *ingest.Retrier
	// Sinks are those that are configured here.
	Sinks []*deliver.Sink
	// ForgetAfter is after what time a sink that is gone is forgotten; 0: never.
	ForgetAfter time.Duration
}

// API serves operators. It is safe for concurrent use.
type API struct {
	set Settings
	mux *http.ServeMux

	mu      sync.Mutex
	backend *Backend        // nil before Open and after Close
	ending  context.Context //nolint:containedctx // ends what is under way at Close
	end     context.CancelFunc
	working sync.WaitGroup
}

// New returns an API that answers 503 until Open.
func New(set Settings) *API {
	a := &API{set: set, mux: http.NewServeMux()}
	for pattern, f := range map[string]func(*request) error{
		"GET sinks":              (*request).sinks,
		"POST sinks/{id}/forget": (*request).forget,
		"POST sinks/{id}/rename": (*request).rename,
		"POST sinks/{id}/resume": (*request).resume,
		"GET dead":               (*request).deadList,
		"GET dead/{place}":       (*request).deadShow,
		"POST dead/redrive":      (*request).deadRedrive,
		"POST dead/drop":         (*request).deadDrop,
		"POST replay":            (*request).replay,
		"GET quarantine":         (*request).quarantineList,
		"GET quarantine/{place}": (*request).quarantineShow,
		"POST quarantine/retry":  (*request).quarantineRetry,
		"POST quarantine/drop":   (*request).quarantineDrop,
	} {
		a.mux.Handle(route(pattern), a.handle(f))
	}
	a.mux.Handle("/", a.handle(func(*request) error {
		return refuse(http.StatusNotFound, "there is no such path or method in the API")
	}))
	return a
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Open begins to work on b, which is up.
func (a *API) Open(b Backend) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backend = &b
	a.ending, a.end = context.WithCancel(context.Background())
}

// Close ends what is under way and waits for it; then the backend may go down.
func (a *API) Close(context.Context) error {
	a.mu.Lock()
	if a.backend == nil {
		a.mu.Unlock()
		return nil
	}
	a.backend = nil
	a.end()
	a.mu.Unlock()
	a.working.Wait()
	return nil
}

// enter returns the backend and what ends with it; leave must be called once. false when the router is starting or stopping.
func (a *API) enter() (b *Backend, ending context.Context, leave func(), ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.backend == nil {
		return nil, nil, nil, false
	}
	a.working.Add(1)
	return a.backend, a.ending, a.working.Done, true
}
