package receive

import (
	"net/http"
	"strings"
)

// RequestIDHeader carries the id that the shared listener gave to a request. The listener overwrites what a client sent.
const RequestIDHeader = "Carillon-Request-Id"

// The longest trace that is kept.
const traceLimit = 128

// Trace returns the id that the path gave to a request, else that of the shared listener: at most 128 characters of
// printable ASCII, which is all that a log line should carry. Empty when there is none.
func Trace(h http.Header) string {
	for _, name := range []string{"X-Request-Id", "X-Amzn-Trace-Id", RequestIDHeader} {
		if v := Printable(h.Get(name)); v != "" {
			return v
		}
	}
	return ""
}

// Printable cuts s to 128 bytes and leaves out what is not printable ASCII.
func Printable(s string) string {
	s = s[:min(len(s), traceLimit)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}
