package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carillon/pipeline/deliver"
	"carillon/pipeline/telemetry"
)

// maxRequest is how many bytes the body of a request may have.
const maxRequest = 64 << 10

// request is one request in hand.
type request struct {
	*API
	*Backend

	ctx context.Context //nolint:containedctx // of the request, and of the life of the backend
	w   http.ResponseWriter
	r   *http.Request
}

// refusal is an answer other than 200, in words for an operator.
type refusal struct {
	status int
	words  string
}

func (e *refusal) Error() string { return e.words }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// route completes a pattern with the prefix.
func route(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	return method + " " + Prefix + path
}

// handle checks who asks, and lets f answer.
func (a *API) handle(f func(*request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		if err := a.admit(r); err != nil {
			h.Set("Www-Authenticate", "Bearer")
			a.fail(w, r, err)
			return
		}
		backend, ending, leave, ok := a.enter()
		if !ok {
			h.Set("Retry-After", "1")
			a.fail(w, r, refuse(http.StatusServiceUnavailable, "the router is starting or stopping: try again"))
			return
		}
		defer leave()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(ending, cancel)() //nolint:contextcheck // the end of the backend ends the request as well
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		if err := f(&request{API: a, Backend: backend, ctx: ctx, w: w, r: r}); err != nil {
			a.fail(w, r, err)
		}
	})
}

// admit returns nil when the request may be answered.
func (a *API) admit(r *http.Request) error {
	if a.set.Token.IsZero() {
		return refuse(http.StatusForbidden, "the API is off, because this router has no admin.token: set it to a secret of 16 characters or more, "+
			"such as admin: {token: ${file:/run/secrets/carillon-token}}, and restart")
	}
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	// Sums of the same length, so that the comparison tells nothing about the token, its length included.
	want, have := sha256.Sum256([]byte(a.set.Token.Reveal())), sha256.Sum256([]byte(got))
	if subtle.ConstantTimeCompare(want[:], have[:]) != 1 || !ok {
		return refuse(http.StatusUnauthorized, "the token is missing or wrong: send the router's admin.token as Authorization: Bearer ...")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method == http.MethodPost && (err != nil || kind != "application/json") {
		return refuse(http.StatusUnsupportedMediaType, "want Content-Type: application/json")
	}
	return nil
}

// fail answers with an error. One that is no refusal is of the journal or of this program: it is logged too.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	if refused, ok := errors.AsType[*refusal](err); ok {
		status = refused.status
	} else if r.Context().Err() == nil {
		a.set.Logger.WarnContext(r.Context(), "request of an operator failed", telemetry.Where(r.URL.Path), telemetry.Err(err))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error means that the client is gone: there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(Problem{Error: err.Error()})
}

// answer sends a whole answer.
func (q *request) answer(v any) error {
	q.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(q.w).Encode(v) // As above.
	return nil
}

// read decodes the body into v.
func (q *request) read(v any) error {
	d := json.NewDecoder(q.r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return refuse(http.StatusBadRequest, "reading the body: %v", err)
	}
	return nil
}

// place reads the number in the path.
func (q *request) place() (uint64, error) {
	place, err := strconv.ParseUint(q.r.PathValue("place"), 10, 64)
	if err != nil || place == 0 {
		return 0, refuse(http.StatusBadRequest, "%q is not a place: want a number as list shows it", q.r.PathValue("place"))
	}
	return place, nil
}

// sink returns a sink that is configured here.
func (q *request) sink(id string) (*deliver.Sink, error) {
	for _, s := range q.Sinks {
		if s.ID() == id {
			return s, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "sink %q is not in the configuration of this router", id)
}

// moment reads an optional time.
func moment(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, refuse(http.StatusBadRequest, "%s: %q is not a time such as 2026-01-05T10:00:00Z", name, text)
	}
	return t, nil
}
