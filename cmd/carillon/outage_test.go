package main_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
)

var outage = flag.Duration("outage", 4*time.Second, "how long the journal is away in the outage test")

// cluster is a NATS server that routers reach over the network, and that a test can stop and start.
type cluster struct {
	addr string
	dir  string
	srv  *server.Server
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{addr: freeAddr(t), dir: t.TempDir()}
	c.start(t)
	t.Cleanup(c.stop)
	return c
}

func (c *cluster) start(t *testing.T) {
	t.Helper()
	host, port, err := net.SplitHostPort(c.addr)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	c.srv, err = server.NewServer(&server.Options{
		Host: host, Port: number, JetStream: true, StoreDir: c.dir, SyncAlways: true, MaxPayload: 8 << 20, NoLog: true, NoSigs: true,
		JetStreamMaxStore: 1 << 40, JetStreamMaxMemory: 64 << 20,
	})
	require.NoError(t, err)
	c.srv.Start()
	require.True(t, c.srv.ReadyForConnections(soon))
}

func (c *cluster) stop() {
	c.srv.Shutdown()
	c.srv.WaitForShutdown()
}

// TestJournalAway takes the journal away in the middle of a feed over all three paths. Sources are pushed back, memory stays
// bounded, and everything is delivered after it is back, without a restart of the router.
//
//testing:invariants I1 I6 I7 I8
func TestJournalAway(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	r := newRig(t, newReceiver().hurry(), rigOptions{nats: fmt.Sprintf("{url: %q}", "nats://"+c.addr), addr: c.addr, retry: time.Second})
	n := r.nodes[0]
	r.launch(t, n)
	r.connect(t, n.http)
	r.confirmed(t, n.process)
	f := startFeed(t, rand.Uint64(), perRound, r.send)
	n.await(t, soon, "deliveries", func() bool { return r.receiver.count() > 100 })
	c.stop()
	n.await(t, soon, "not ready", func() bool { return n.status("/readyz") == http.StatusServiceUnavailable })
	pause(t, *outage)
	held := residentBytes(t, n)
	t.Logf("after %s without a journal the router holds %d MB, %d messages wait in the queue and %d deliveries at SNS and EventBridge",
		*outage, held>>20, r.waiting(t), r.aws.Stats().Backlog)
	require.Less(t, held, int64(400<<20))
	c.start(t)
	rounds := f.end(t)
	n.await(t, soon, "ready again", func() bool { return n.status("/readyz") == http.StatusOK })
	r.settle(t, n.process)
	require.NoError(t, n.stop(t))
	r.auditJournal(t, rounds)
}

// waiting is how many messages are in the queue, in hand or not.
func (r *rig) waiting(t *testing.T) int {
	t.Helper()
	n, err := r.queued(t.Context())
	require.NoError(t, err)
	return n
}
