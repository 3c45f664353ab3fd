package kafka

import (
	"context"
	"net"
	"sync"
)

// gate is between a client and its brokers. While it is held nothing is sent, so no answer to what is handed to the client can come
// before all of it is there. The zero value is open, and safe for concurrent use.
type gate struct {
	mu   sync.RWMutex
	shut bool // for good: nothing is sent any more
}

// dialFunc makes a connection.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// behind returns a dial whose connections send through the gate.
func (g *gate) behind(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &gatedConn{Conn: conn, gate: g}, nil
	}
}

// tryHold reports whether nothing is being sent, and then holds the gate until open or close.
func (g *gate) tryHold() bool { return g.mu.TryLock() }

func (g *gate) open() { g.mu.Unlock() }

func (g *gate) close() {
	g.shut = true
	g.mu.Unlock()
}

type gatedConn struct {
	net.Conn

	gate *gate
}

// Write implements net.Conn.
func (c *gatedConn) Write(b []byte) (int, error) {
	c.gate.mu.RLock()
	defer c.gate.mu.RUnlock()
	if c.gate.shut {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

// isShut reports whether the gate was closed.
func (g *gate) isShut() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.shut
}
