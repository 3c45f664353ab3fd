package router

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// openAdmin opens the operators' listener first, so that a slow start can be watched.
func (r *Router) openAdmin(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.set.Registry, promhttp.HandlerOpts{Registry: r.set.Registry}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", r.serveReady)
	r.admin = &server{
		addr: r.setup.Admin.Listen, handler: mux, logger: r.set.Logger,
		connections: newConnections(adminConnections, connectionMetrics{}),
	}
	if err := r.admin.start(ctx); err != nil {
		return err
	}
	r.teardown.add("admin", r.admin.stop)
	return nil
}

// serveReady answers 200 when the router can do its work and 503 otherwise, with what is wrong by component.
func (r *Router) serveReady(w http.ResponseWriter, req *http.Request) {
	problems := r.Problems(req.Context())
	answer := struct {
		Ready    bool              `json:"ready"`
		Problems map[string]string `json:"problems,omitempty"`
	}{Ready: len(problems) == 0, Problems: map[string]string{}}
	for name, err := range problems {
		answer.Problems[name] = err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

var (
	errStarting = errors.New("starting or stopping")
	errEnded    = errors.New("stopped")
)

// Problems returns what keeps the router from doing its work, by component; empty means ready: the journal is writable and
// every source and sink is started.
func (r *Router) Problems(ctx context.Context) map[string]error {
	if !r.started.Load() {
		return map[string]error{"router": errStarting}
	}
	problems := make(map[string]error)
	if err := r.journal.Ready(ctx); err != nil {
		problems["journal"] = err
	}
	for _, s := range r.sources {
		if err := s.err.Load(); err != nil {
			problems["source "+s.id] = *err
		} else if !s.up.Load() {
			problems["source "+s.id] = errEnded
		}
	}
	for i, s := range r.sinks {
		if err := s.Err(); err != nil {
			problems["sink "+r.setup.Sinks[i].ID] = err
		}
	}
	return problems
}
