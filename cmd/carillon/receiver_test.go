package main_test

import (
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// receiver is an application behind a webhook: slow, and with a memory of what came when.
type receiver struct {
	mu         sync.Mutex
	deliveries []*delivery
	step       int
	inHand     int
	fast       bool
	stuck      bool
	refuse     int // answered to everything, 0: nothing is refused
	refused    int
}

// delivery is one request. Steps count arrivals and answers together, so that two of them can be compared.
type delivery struct {
	id, key  string
	sequence uint64
	epoch    uint64
	arrived  int
	answered int // 0: the connection was cut before the answer
}

func newReceiver() *receiver { return &receiver{} }

// ServeHTTP answers after 300 to 900 ms, at once when it has to hurry, unless the caller is gone by then.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	if status := r.refusal(); status != 0 {
		w.WriteHeader(status)
		return
	}
	d := r.arrive(req.Header)
	select {
	case <-time.After(r.latency()):
		r.leave(d, true)
		w.WriteHeader(http.StatusNoContent)
	case <-req.Context().Done():
		r.leave(d, false)
	}
}

func (r *receiver) latency() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stuck {
		return time.Hour
	}
	if r.fast {
		return 0
	}
	return time.Duration(300+rand.IntN(600)) * time.Millisecond
}

// hurry makes it answer at once from now on.
func (r *receiver) hurry() *receiver {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fast = true
	return r
}

// hang makes it answer nothing that arrives from now on, or answer again.
func (r *receiver) hang(stuck bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck = stuck
}

func (r *receiver) refusal() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != 0 {
		r.refused++
	}
	return r.refuse
}

// refusals returns how many requests were refused.
func (r *receiver) refusals() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// refuseAll answers every request with status from now on; 0 accepts again.
func (r *receiver) refuseAll(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = status
}

func (r *receiver) arrive(h http.Header) *delivery {
	seq, _ := strconv.ParseUint(h.Get("Carillon-Sequence"), 10, 64)
	epoch, _ := strconv.ParseUint(h.Get("Carillon-Epoch"), 10, 64)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step++
	r.inHand++
	d := &delivery{id: h.Get("Carillon-Id"), key: h.Get("Carillon-Key"), sequence: seq, epoch: epoch, arrived: r.step}
	r.deliveries = append(r.deliveries, d)
	return d
}

func (r *receiver) leave(d *delivery, answered bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step++
	r.inHand--
	if answered {
		d.answered = r.step
	}
}

// flying returns how many requests wait for their answer.
func (r *receiver) flying() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inHand
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.deliveries)
}

func (r *receiver) all() []*delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deliveries
}
