package router

import (
	"net"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// connectionsPerRequest is how many connections may be open for each request that may be in hand. SNS keeps its
	// connections for a while, and EventBridge opens one for each event.
	connectionsPerRequest = 8
	// adminConnections is how many the operators' listener may have.
	adminConnections = 256
)

// connections bounds how many connections a listener has open. It is safe for concurrent use.
type connections struct {
	limit   int64
	open    atomic.Int64
	metrics connectionMetrics
}

// connectionMetrics may be zero.
type connectionMetrics struct {
	accepted, refused prometheus.Counter
	open              prometheus.Gauge
}

func newConnections(limit int, m connectionMetrics) *connections {
	return &connections{limit: int64(limit), metrics: m}
}

// track is told by the server of each connection: new once, in the order of accepting, and closed once.
func (c *connections) track(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.add(1)
		if c.metrics.accepted != nil {
			c.metrics.accepted.Inc()
		}
	case http.StateClosed, http.StateHijacked:
		c.add(-1)
	case http.StateActive, http.StateIdle:
	}
}

func (c *connections) add(n int64) {
	c.open.Add(n)
	if c.metrics.open != nil {
		c.metrics.open.Add(float64(n))
	}
}

func (c *connections) full() bool { return c.open.Load() >= c.limit }

func (c *connections) refuse() {
	if c.metrics.refused != nil {
		c.metrics.refused.Inc()
	}
}

// boundedListener closes at once what is more than connections allows. Not accepting it would leave a sender waiting for its
// time-out, and the next one behind it.
type boundedListener struct {
	net.Listener

	connections *connections
}

// Accept returns the next connection that there is room for.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.connections.full() {
			return conn, err
		}
		l.connections.refuse()
		// The sender sees that the connection is closed; there is nothing else to tell it.
		_ = conn.Close()
	}
}
