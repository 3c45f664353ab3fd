package connectortest

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy stands on loopback before a server that speaks any protocol over TCP. It can be cut, broken at random and made late:
// Cut and Delay fit FaultDriver, and so does Errors, which breaks a connection where it passes something on, the given share
// of the times. A call takes several of these, and so does making a connection: give it a share that leaves most calls alone.
type Proxy struct {
	weather

	stall    Hold
	listener net.Listener
	wg       sync.WaitGroup
	ctx      context.Context //nolint:containedctx // it ends when the proxy is closed, like all that it does
	mu       sync.Mutex
	target   string
	open     map[net.Conn]struct{}
}

// NewProxy passes connections on to target until the test is over.
func NewProxy(t *testing.T, target string) *Proxy {
	t.Helper()
	listener, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatalf("listening: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Proxy{listener: listener, ctx: ctx, target: target, open: map[net.Conn]struct{}{}}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		cancel()
		_ = listener.Close()
		p.breakAll()
		p.wg.Wait()
	})
	return p
}

// Addr returns the host and port to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Point makes new connections go to target, for a server that comes back at another port.
func (p *Proxy) Point(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Cut fits FaultDriver.Cut.
func (p *Proxy) Cut() (mend func()) {
	p.set(func(w *weather) { w.cut = true })
	p.breakAll()
	return func() { p.set(func(w *weather) { w.cut = false }) }
}

func (p *Proxy) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

func (p *Proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.pass(near) })
	}
}

// pass carries one connection until either end closes it.
func (p *Proxy) pass(near net.Conn) {
	defer p.forget(near)
	if !p.keep(near) {
		return
	}
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	far, err := new(net.Dialer).DialContext(p.ctx, "tcp", target)
	if err != nil {
		return
	}
	defer p.forget(far)
	if !p.keep(far) {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { p.carry(far, near, &p.stall) })
	p.carry(near, far, &Hold{})
	wg.Wait()
}

// Stall fits SinkDriver.Stall: what is sent to the target is held until Resume, and passed on then, with its connection open.
// What the target sends still passes. Entered is closed when something is held.
func (p *Proxy) Stall() Stalled { return p.stall.Stall() }

// keep notes a connection that a cut has to break. It returns false when there is a cut already.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = struct{}{}
	return !p.isCut() && p.ctx.Err() == nil
}

func (p *Proxy) forget(c net.Conn) {
	_ = c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// carry copies from one end to the other, what hold lets pass, and closes both when it is over.
func (p *Proxy) carry(to, from net.Conn, hold *Hold) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			_ = hold.Wait(p.ctx) // the end of ctx is seen below
		}
		fate, late := p.draw()
		if fate == lost || fate == refused {
			return
		}
		timer := time.NewTimer(late)
		select {
		case <-timer.C:
		case <-p.ctx.Done():
		}
		timer.Stop()
		if _, writeErr := to.Write(buf[:n]); writeErr != nil || err != nil || fate == unanswered {
			return
		}
	}
}
