package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// apiTimeout bounds one request to JetStream.
	apiTimeout = 5 * time.Second
	// reconnectWait is how soon the client looks for the next embedded server.
	reconnectWait = 100 * time.Millisecond
	// bodyReserve is what headers and wrapping may add to a body on its way through RAW, EVENTS and DEAD.
	bodyReserve = 64 << 10
	// maxBody is the largest body the journal takes whatever the server allows: feeds are sized for it.
	maxBody = 3 << 20
	// minServer is the oldest server of a cluster that resets consumers and commits batches as needed.
	minServerMajor, minServerMinor = 2, 14
)

// Settings is the code's part of the journal.
type Settings struct {
	// Logger takes changes of state.
	Logger *slog.Logger
	// Registerer takes the journal's metrics.
	Registerer prometheus.Registerer
	// Owner names this process in leases. It must differ between processes that share streams.
	Owner string
	// Clock tells the wall clock; time.Now outside tests.
	Clock func() time.Time
}

// Journal is an open journal.
type Journal struct {
	names   names
	stream  StreamConfig
	set     Settings
	metrics *metrics
	nc      *nats.Conn
	js      jetstream.JetStream
	out     publisher
	server  *embedded
	leases  jetstream.KeyValue
	lease   leaseTiming
	streams map[string]jetstream.Stream // read only after Open
	raw     *Appender
	joint   *joint
	qua     *Appender
	open    chan struct{} // one element per open batch
	room    room          // of EVENTS
	parked  parkedFloor
	sinks   sinkWatch
	// made is set when a stream or consumer was made or changed.
	made atomic.Bool
	// renewBelow is the EVENTS sequence that fences must pass so that a purge can.
	renewBelow atomic.Uint64
	// short is whether space was short at the last look.
	short atomic.Bool
	// settled is the EVENTS sequence below which no recovery needs anything; see settledBelow.
	settled atomic.Uint64
	stop    context.CancelFunc
	wg      sync.WaitGroup
	closing sync.Once
}

// Open starts or reaches JetStream, makes the streams that are missing, and refuses streams that were made with another
// number of partitions.
func Open(ctx context.Context, c ConnectConfig, s StreamConfig, set Settings) (*Journal, error) {
	j := &Journal{
		names: names{prefix: s.Prefix}, stream: s, set: set, metrics: newMetrics(set.Registerer),
		streams: map[string]jetstream.Stream{}, open: make(chan struct{}, maxOpen),
		lease: leaseTiming{ttl: leaseTTL, renew: leaseRenew, retry: leaseRetry},
	}
	if err := j.connect(ctx, c); err != nil {
		return nil, errors.Join(err, j.disconnect())
	}
	if err := j.makeStreams(ctx); err != nil {
		return nil, errors.Join(err, j.disconnect())
	}
	if err := j.keepMade(); err != nil {
		return nil, errors.Join(err, j.disconnect())
	}
	if _, err := j.measure(ctx); err != nil {
		return nil, errors.Join(err, j.disconnect())
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	j.stop = stop
	j.raw = j.newAppender(background, j.names.raw())
	j.joint = j.newJoint(background)
	j.qua = j.newAppender(background, j.names.quarantine())
	j.wg.Go(func() { j.keepSpace(background) })
	if j.server != nil {
		j.wg.Go(func() { j.keepStore(background) })
	}
	return j, nil
}

func (j *Journal) connect(ctx context.Context, c ConnectConfig) error {
	opts := []nats.Option{
		nats.Name("carillon"), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(false),
		// A publish during an outage must fail at once instead of going out twice later.
		nats.ReconnectBufSize(-1),
		nats.DisconnectErrHandler(func(*nats.Conn, error) { j.out.lose() }),
	}
	url := c.URL
	if url == "" {
		srv, err := startEmbedded(c.Embedded)
		if err != nil {
			return err
		}
		j.server = srv
		opts = append(opts, nats.InProcessServer(srv), nats.ReconnectWait(reconnectWait), nats.ReconnectJitter(0, 0))
	} else if c.Creds != "" {
		opts = append(opts, nats.UserCredentials(c.Creds))
	}
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		return fmt.Errorf("connecting to NATS: %w", err)
	}
	j.nc = nc
	if j.server == nil {
		if err := checkServer(nc); err != nil {
			return err
		}
	}
	if j.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(apiTimeout)); err != nil {
		return fmt.Errorf("opening JetStream: %w", err)
	}
	if err := j.out.listen(nc); err != nil {
		return err
	}
	return j.waitForJetStream(ctx)
}

// checkServer refuses a server that lacks consumer reset (2.14) or takes bodies smaller than the paths deliver.
func checkServer(nc *nats.Conn) error {
	var major, minor, patch int
	version := nc.ConnectedServerVersion()
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("reading NATS server version %q: %w", version, err)
	}
	if major < minServerMajor || (major == minServerMajor && minor < minServerMinor) {
		return fmt.Errorf("NATS server %s is too old: consumer reset and atomic batches need %d.%d or newer", version, minServerMajor, minServerMinor)
	}
	if nc.MaxPayload() < 1<<20 {
		return fmt.Errorf("NATS server allows payloads of %d bytes: set max_payload to 8MB, at least 1MB", nc.MaxPayload())
	}
	return nil
}

// waitForJetStream asks until JetStream itself answers: after a restart the server is ready before JetStream is.
func (j *Journal) waitForJetStream(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := j.js.AccountInfo(ctx)
		if err == nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
			return fmt.Errorf("opening JetStream: %w: switch it on for this server and account", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for JetStream: %w", errors.Join(ctx.Err(), err))
		}
	}
}

// Close stops the journal's own goroutines, fails what still waits, and stops the embedded server. Feeds and leases must be
// released before. It is safe to call more than once.
func (j *Journal) Close() error {
	var err error
	j.closing.Do(func() {
		j.stop()
		j.wg.Wait()
		err = j.disconnect()
	})
	return err
}

func (j *Journal) disconnect() error {
	if j.nc != nil {
		_ = j.nc.FlushTimeout(time.Second) // The last acknowledgements; losing them is harmless.
		j.nc.Close()
	}
	if j.server == nil {
		return nil
	}
	return j.server.stop()
}

// Partitions returns how many partitions the streams were made with.
func (j *Journal) Partitions() int { return j.stream.Partitions }

// MaxBody returns the largest body that RAW, EVENTS and DEAD take, in bytes.
func (j *Journal) MaxBody() int { return min(int(j.nc.MaxPayload())-bodyReserve, maxBody) }

// Ready returns nil when the journal can take writes: JetStream answers, the store is sound, the disk and RAW have more room
// than their reserves, and no append failed for want of any of these within the last seconds.
func (j *Journal) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if err := j.writable(needAppend); err != nil {
		return err
	}
	info, err := j.streams[j.names.raw()].Info(ctx)
	if err != nil {
		return fmt.Errorf("asking for stream %s: %w", j.names.raw(), err)
	}
	if limit := toUnsigned(int64(rawBytes(j.stream))); info.State.Bytes > limit-reserve(limit) {
		return fmt.Errorf("stream %s: %w", j.names.raw(), ErrFull)
	}
	return j.raw.lastError(time.Now())
}

// Describe says where the journal lives, for logs.
func (j *Journal) Describe() string {
	if j.server != nil {
		return "embedded"
	}
	return j.nc.ConnectedUrlRedacted()
}
