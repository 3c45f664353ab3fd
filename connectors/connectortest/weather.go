package connectortest

import (
	"math/rand/v2"
	"sync"
	"time"
)

// weather is what a Server or a Proxy does to calls. The zero value lets all pass. It is safe for concurrent use.
type weather struct {
	mu    sync.Mutex
	cut   bool
	share float64
	late  time.Duration
}

func (w *weather) set(change func(*weather)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

func (w *weather) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

// fate is what becomes of a call.
type fate int

const (
	passes fate = iota
	refused
	lost       // before it got there
	unanswered // it got there, and the answer is lost
)

// draw returns what becomes of one call, and how late the answer is.
func (w *weather) draw() (f fate, late time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.late > 0 {
		late = rand.N(w.late) //nolint:gosec // chance, no secret
	}
	if rand.Float64() >= w.share { //nolint:gosec // chance, no secret
		return passes, late
	}
	return refused + rand.N(unanswered), late //nolint:gosec // chance, no secret
}

// Errors fits FaultDriver.Errors.
func (w *weather) Errors(share float64) (end func()) {
	w.set(func(w *weather) { w.share = share })
	return func() { w.set(func(w *weather) { w.share = 0 }) }
}

// Delay fits FaultDriver.Delay.
func (w *weather) Delay(most time.Duration) (end func()) {
	w.set(func(w *weather) { w.late = most })
	return func() { w.set(func(w *weather) { w.late = 0 }) }
}
