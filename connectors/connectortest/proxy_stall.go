package connectortest

import (
	"context"
	"sync"
)

// stop is a stall that was asked for. The zero value lets all pass. It is safe for concurrent use.
type stop struct {
	mu      sync.Mutex
	resumed chan struct{} // nil: there is none
	entered func()
}

// Stall fits SinkDriver.Stall: what is sent to the target is held until Resume, and passed on then, with its connection open.
// What the target sends still passes. Entered is closed when something is held.
func (p *Proxy) Stall() Stalled {
	p.stop.mu.Lock()
	defer p.stop.mu.Unlock()
	entered, resumed := make(chan struct{}), make(chan struct{})
	p.stop.resumed, p.stop.entered = resumed, sync.OnceFunc(func() { close(entered) })
	return Stalled{Entered: entered, Resume: sync.OnceFunc(func() {
		p.stop.mu.Lock()
		defer p.stop.mu.Unlock()
		p.stop.resumed = nil
		close(resumed)
	})}
}

// hold waits while there is a stall, but not longer than ctx.
func (s *stop) hold(ctx context.Context) {
	s.mu.Lock()
	resumed, entered := s.resumed, s.entered
	s.mu.Unlock()
	if resumed == nil {
		return
	}
	entered()
	select {
	case <-resumed:
	case <-ctx.Done():
	}
}
