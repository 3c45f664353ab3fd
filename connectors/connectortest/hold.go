package connectortest

import (
	"context"
	"sync"
)

// Hold is what a far side asks before it takes what comes, so that it can be stalled. The zero value lets all pass. It is safe for
// concurrent use.
type Hold struct {
	mu      sync.Mutex
	resumed chan struct{} // nil: there is no stall
	entered func()
}

// Stall fits SinkDriver.Stall.
func (h *Hold) Stall() Stalled {
	h.mu.Lock()
	defer h.mu.Unlock()
	entered, resumed := make(chan struct{}), make(chan struct{})
	h.resumed, h.entered = resumed, sync.OnceFunc(func() { close(entered) })
	return Stalled{Entered: entered, Resume: sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.resumed = nil
		close(resumed)
	})}
}

// Wait waits while there is a stall. An error means that ctx ended before it was over.
func (h *Hold) Wait(ctx context.Context) error {
	h.mu.Lock()
	resumed, entered := h.resumed, h.entered
	h.mu.Unlock()
	if resumed == nil {
		return nil
	}
	entered()
	select {
	case <-resumed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
