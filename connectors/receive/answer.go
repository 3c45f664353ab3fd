package receive

import (
	"io"
	"net/http"
)

// Answer writes status with its usual short text and nothing else, so that an answer tells a stranger nothing.
func Answer(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	// An error means that the client is gone: there is nobody left to tell.
	_, _ = io.WriteString(w, http.StatusText(status)+"\n")
}
