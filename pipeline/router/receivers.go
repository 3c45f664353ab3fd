package router

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/nats-io/nuid"

	"carillon/pipeline/telemetry"
)

const (
	// requestIDHeader carries the id of a request, made here, to the source and back to the sender. What a sender puts
	// there is overwritten.
	requestIDHeader = "Carillon-Request-Id"
	// busyPause is what a refused sender is asked to wait, in seconds: what is in hand is answered within a few.
	busyPause = "1"
)

// receivers spreads requests by path over the sources, each of which has a share of what may be in hand. Paths are added
// before divide; from then on it is safe for concurrent use.
type receivers struct {
	limit   int
	logger  *slog.Logger
	metrics *httpMetrics
	routes  map[string]*route
	shares  map[string]*share
	common  slots
	panics  atomic.Int64
}

// route is what is behind one path.
type route struct {
	handler http.Handler
	share   *share
}

func newReceivers(limit int, logger *slog.Logger, m *httpMetrics) *receivers {
	return &receivers{limit: limit, logger: logger, metrics: m, routes: map[string]*route{}, shares: map[string]*share{}}
}

// sourceMux implements pipeline.Mux for one source.
type sourceMux struct {
	receivers *receivers
	source    string
}

// Handle implements pipeline.Mux.
func (m *sourceMux) Handle(path string, h http.Handler) error {
	rs := m.receivers
	if other, taken := rs.routes[path]; taken {
		return fmt.Errorf("path %s is used by sources %q and %q: give each its own", path, other.share.source, m.source)
	}
	if rs.shares[m.source] == nil {
		rs.shares[m.source] = &share{source: m.source, metrics: rs.metrics.source(m.source)}
	}
	rs.routes[path] = &route{handler: h, share: rs.shares[m.source]}
	return nil
}

// divide gives half of what may be in hand to the sources in equal shares, at least 1 each, and the other half to whoever
// asks first: a source that is flooded can take its own share and all of the common half, never what another is entitled to.
func (rs *receivers) divide() {
	if len(rs.shares) == 0 {
		return
	}
	each := max(1, rs.limit/2/len(rs.shares))
	for _, s := range rs.shares {
		s.own.limit = int64(each)
	}
	rs.common.limit = int64(max(0, rs.limit-each*len(rs.shares)))
}

// ServeHTTP implements http.Handler. Paths are compared as they are: nothing is cleaned and nobody redirected.
func (rs *receivers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := nuid.Next()
	r.Header.Set(requestIDHeader, id)
	w.Header().Set(requestIDHeader, id)
	to, ok := rs.routes[r.URL.Path]
	if !ok {
		rs.metrics.unknownPath.Inc()
		rs.debug(r, id, refusedPath)
		answer(w, http.StatusNotFound)
		return
	}
	leave, ok := to.share.enter(&rs.common)
	if !ok {
		to.share.metrics.busy.Inc()
		rs.debug(r, id, refusedBusy)
		w.Header().Set("Retry-After", busyPause)
		answer(w, http.StatusServiceUnavailable)
		return
	}
	defer leave()
	defer rs.catch(w, to.share, id)
	to.handler.ServeHTTP(w, r)
}

// catch answers for a handler that panicked, so that one request cannot take others with it. It is an error of this program:
// the 1st, 2nd, 4th, 8th ... are logged, without the value, which may be of the request.
func (rs *receivers) catch(w http.ResponseWriter, s *share, id string) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint,err113 // a value of panic, compared as net/http does
		panic(cause)
	}
	s.metrics.panicked.Inc()
	if n := rs.panics.Add(1); n&(n-1) == 0 {
		rs.logger.Error("a receiver panicked", telemetry.Source(s.source), slog.String(keyRequestID, id),
			slog.Int64(keyCount, n), slog.String(keyCause, fmt.Sprintf("%T", cause)))
	}
	answer(w, http.StatusInternalServerError)
}

func (rs *receivers) debug(r *http.Request, id, reason string) {
	if rs.logger.Enabled(r.Context(), slog.LevelDebug) {
		rs.logger.DebugContext(r.Context(), "request refused", slog.String(keyRequestID, id), slog.String(keyReason, reason))
	}
}

// The keys of what the listener logs.
const (
	keyRequestID = "request_id"
	keyReason    = "reason"
	keyCount     = "count"
	keyCause     = "cause"
)

// answer writes status with its usual short text and nothing else, so that an answer tells a stranger nothing.
func answer(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// An error means that the client is gone: there is nobody left to tell.
	_, _ = io.WriteString(w, http.StatusText(status)+"\n")
}
