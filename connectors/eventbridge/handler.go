package eventbridge

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carillon/connectors/eventbridge/receive"
	"carillon/pipeline"
)

// ServeHTTP handles one request of an API destination.
func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), handlingTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	receive.Bound(w, r)
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()

	out, leave, ok := s.gate.Enter()
	if !ok {
		s.answer(w, start, notRunning, nil)
		return
	}
	defer leave()
	how, err := s.handle(w, r, out)
	s.answer(w, start, how, err)
}

// handle looks at the key before it reads the body: a stranger gets nothing into memory.
func (s *source) handle(w http.ResponseWriter, r *http.Request, out pipeline.Emitter) (outcome, error) {
	if r.Method != http.MethodPost {
		return wrongMethod, nil
	}
	if !s.auth.check(r) {
		return unauthorized, nil
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return encodingRefused, nil
	}
	received := s.set.Clock()
	body, release, err := s.bodies.Read(w, r)
	defer release()
	if err != nil {
		return unreadable(err), err
	}
	// I1: the answer 200 comes only after the journal has it.
	err = out.Emit(r.Context(), pipeline.Notification{Body: body, Received: received, Trace: trace(r.Header)})
	if err != nil {
		return notStored, pipeline.FailedAt(err, 1)[0]
	}
	return stored, nil
}

func unreadable(err error) outcome {
	switch {
	case errors.Is(err, receive.ErrTooLarge):
		return tooLarge
	case errors.Is(err, receive.ErrBusy):
		return busy
	default:
		return cutOff
	}
}

func (s *source) answer(w http.ResponseWriter, start time.Time, how outcome, err error) {
	status := how.status()
	h := w.Header()
	switch status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", s.retryAfter(err))
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		if s.auth.basic {
			h.Set("WWW-Authenticate", `Basic realm="carillon", charset="UTF-8"`)
		}
	}
	receive.Answer(w, status)
	s.metrics.requests.WithLabelValues(string(how)).Inc()
	s.metrics.duration.WithLabelValues(string(how)).Observe(time.Since(start).Seconds())
	s.log(how, err)
}

// retryAfter is in whole seconds: the configured pause, or a longer one that the error asks for, at most an hour.
func (s *source) retryAfter(err error) string {
	_, wait := pipeline.Classify(err)
	wait = min(max(wait, s.cfg.RetryAfter), time.Hour)
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// The longest trace that is kept.
const traceLimit = 128

// trace is the first of the usual request ids, cut to printable ASCII, which is all that a log line should carry.
func trace(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "X-Amzn-Trace-Id"} {
		if v := h.Get(name); v != "" {
			return printable(v)
		}
	}
	return ""
}

func printable(s string) string {
	s = s[:min(len(s), traceLimit)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}
