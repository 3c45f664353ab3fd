package eventbridge

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carillon/connectors/receive"
	"carillon/pipeline"
)

// ServeHTTP handles one request of an API destination.
func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.endpoint.Serve(w, r, s.handle, s.answer)
}

// handle looks at the key before it reads the body: a stranger gets nothing into memory.
func (s *source) handle(w http.ResponseWriter, r *http.Request, out pipeline.Emitter) (outcome, error) {
	if r.Method != http.MethodPost {
		return wrongMethod, nil
	}
	if err := s.auth.check(r); err != nil {
		return notAuthorized(err), err
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
	err = out.Emit(r.Context(), pipeline.Notification{Body: body, Received: received, Trace: receive.Trace(r.Header)})
	if err != nil {
		return notStored, pipeline.FailedAt(err, 1)[0]
	}
	return stored, nil
}

func notAuthorized(err error) outcome {
	if errors.Is(err, errKeysUnavailable) {
		return keysUnavailable
	}
	return unauthorized
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

func (s *source) answer(w http.ResponseWriter, r *http.Request, how outcome, err error) {
	status := how.status()
	h := w.Header()
	switch status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", s.retryAfter(err))
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		if s.auth.challenge != "" {
			h.Set("WWW-Authenticate", s.auth.challenge)
		}
	}
	receive.Answer(w, status)
	if because, ok := errors.AsType[denialError](err); ok {
		s.metrics.denied.WithLabelValues(string(because.denial)).Inc()
	}
	s.log(r, how, err)
}

// retryAfter is in whole seconds: the configured pause, or a longer one that the error asks for, at most an hour.
func (s *source) retryAfter(err error) string {
	_, wait := pipeline.Classify(err)
	wait = min(max(wait, s.cfg.RetryAfter), time.Hour)
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}
