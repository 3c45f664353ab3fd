package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carillon/pipeline"
)

// maxPause bounds what a receiver may ask for: after it the sink looks again.
const maxPause = time.Hour

// read is the table of answers: what a status and a Retry-After mean. The error is nil for accepted alone and names neither
// the host nor anything else the receiver sent; it keeps excerpt.
func read(status int, retryAfter string, now time.Time, excerpt string) (outcome, error) {
	answered := &statusError{status: status, excerpt: excerpt}
	switch {
	case status >= 200 && status < 300:
		return accepted, nil
	case status >= 300 && status < 400:
		return rejected, pipeline.Reject(fmt.Errorf("%w, a redirect: configure the final URL", answered))
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		if pause, ok := readPause(retryAfter, now); ok {
			return throttled, pipeline.Throttle(answered, pause)
		}
		return retried, answered
	case mayChange(status):
		return retried, answered
	}
	return rejected, pipeline.Reject(answered)
}

// mayChange reports whether the same event may be accepted later. A wrong credential is one of these cases: it is mended by
// a person, and until then the events wait instead of going to the dead letters.
func mayChange(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired,
		http.StatusRequestTimeout, http.StatusTooEarly:
		return true
	}
	return status < 400 || status >= 500
}

// statusError is an answer other than 2xx.
type statusError struct {
	status  int
	excerpt string
}

func (e *statusError) Error() string {
	text := "answered " + strconv.Itoa(e.status)
	if name := http.StatusText(e.status); name != "" {
		text += " " + name
	}
	return text
}

// Excerpt implements pipeline.Excerpter.
func (e *statusError) Excerpt() string { return e.excerpt }

// readPause reads Retry-After (RFC 9110 section 10.2.3): whole seconds or a date.
func readPause(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err == nil {
		return min(time.Duration(seconds)*time.Second, maxPause), true
	}
	if errors.Is(err, strconv.ErrRange) {
		return maxPause, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), maxPause), true
}
