package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"carillon/connectors/connectortest"
	"carillon/pipeline/chime"
)

// receiver is the far side: it accepts what it answers 204.
type receiver struct {
	*httptest.Server
	connectortest.Hold

	mu      sync.Mutex
	got     []chime.Identity
	refused func(chime.Identity) bool
	cut     bool
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	id, idErr := chime.ParseIdentity(req.Header.Get("Carillon-Id"))
	if err != nil || idErr != nil || req.Method != http.MethodPost || req.Header.Get("X-Token") != secret {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.Wait(req.Context()) != nil { // the client does not wait any more
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.cut:
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case r.refused != nil && r.refused(id):
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write(append([]byte(echo), body...)) // errors must not repeat it
	default:
		r.got = append(r.got, id)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (r *receiver) accepted() []chime.Identity {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) refuse(refused func(chime.Identity) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = refused
}

func (r *receiver) setCut(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
}
