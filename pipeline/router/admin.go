package router

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"carillon/pipeline/admin"
	"carillon/pipeline/deliver"
	"carillon/pipeline/ingest"
)

// openAdmin opens the operators' listener first, so that a slow start can be watched.
func (r *Router) openAdmin(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r.set.Registry, promhttp.HandlerOpts{Registry: r.set.Registry}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", r.serveReady)
	r.api = admin.New(admin.Settings{Token: r.setup.Admin.Token, Logger: r.set.Logger})
	mux.Handle(admin.Prefix, r.api)
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

// openAPI lets operators in when everything is up, and keeps them out before anything goes down.
func (r *Router) openAPI(context.Context) error {
	r.api.Open(admin.Backend{
		Journal: r.journal, Sinks: r.sinks, Retrier: ingest.NewRetrier(r.journal, r.set.Registry), ForgetAfter: r.setup.Delivery.ForgetAfter,
	})
	r.teardown.add("api", r.api.Close)
	return nil
}

// serveReady answers 200 when the router can do its work and 503 otherwise, with what is wrong by component. A sink that is held
// back does not make it unready: its events wait in the journal, and whoever takes this router out of service for it stops the
// sources of all others.
func (r *Router) serveReady(w http.ResponseWriter, req *http.Request) {
	problems := r.Problems(req.Context())
	answer := struct {
		Ready    bool              `json:"ready"`
		Problems map[string]string `json:"problems,omitempty"`
		Degraded map[string]string `json:"degraded,omitempty"`
	}{Ready: len(problems) == 0, Problems: map[string]string{}, Degraded: r.degraded()}
	for name, err := range problems {
		answer.Problems[name] = err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	if !answer.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// degraded says which sinks are held back, and why.
func (r *Router) degraded() map[string]string {
	if !r.started.Load() {
		return nil
	}
	out := map[string]string{}
	for _, s := range r.sinks {
		switch c := s.Condition(); c.State {
		case deliver.StateOut:
			out["sink "+s.ID()] = "accepts nothing: " + c.Reason
		case deliver.StateHeld:
			out["sink "+s.ID()] = "is held back because it rejects too much: " + c.Reason
		case deliver.StateDelivering, deliver.StateStopped:
		}
	}
	return out
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
