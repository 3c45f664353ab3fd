package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline/journal"
)

const (
	ceilingRaw    = "CHIME_RAW"
	ceilingEvents = "CHIME_EVENTS"
	// maxBatch is the server's limit of messages in an atomic batch.
	maxBatch = 1000
	// publishLimit bounds one publish.
	publishLimit = 10 * time.Second
	// ackEvery is how often a consumer's floor is acknowledged: as often as the router does.
	ackEvery = 250 * time.Millisecond
)

// ceiling is what the journal allows: a server of its own on which every copy is written to RAW and read, and one of them is
// written to EVENTS under a fence and read. Its streams, consumers, subjects, headers, bodies, batches and acknowledgements are
// those of the router, and nothing looks at what passes.
type ceiling struct {
	srv *server.Server
	nc  *nats.Conn
	js  jetstream.JetStream
	// made are the messages for EVENTS of the slice, by the header of their record in RAW.
	made    atomic.Pointer[map[string]*nats.Msg]
	fences  []string           // by partition
	synced  [2]*journal.Blocks // of RAW and EVENTS
	queue   chan *storeCall    // for RAW
	appends chan *storeCall    // for EVENTS
	raw     *goal              // records read from RAW
	events  *goal              // events read from EVENTS
	commits atomic.Int64
	fail    chan error
	stop    context.CancelFunc
	consume []jetstream.ConsumeContext
	wg      sync.WaitGroup
}

// startCeiling starts a server on dir, which must be empty.
func startCeiling(ctx context.Context, dir string, partitions int) (*ceiling, error) {
	c := &ceiling{
		queue: make(chan *storeCall), appends: make(chan *storeCall), raw: newGoal("records of the ceiling"), events: newGoal("events of the ceiling"),
		fail: make(chan error, 1), stop: func() {},
	}
	steps := []func(context.Context) error{
		func(context.Context) error { return c.connect(dir) },
		c.makeStreams,
		func(ctx context.Context) error { return c.takeFences(ctx, partitions) },
		c.run,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			c.close()
			return nil, fmt.Errorf("starting the ceiling: %w", err)
		}
	}
	return c, nil
}

// connect starts the server with the options of the journal.
func (c *ceiling) connect(dir string) error {
	srv, err := server.NewServer(&server.Options{
		ServerName: "ceiling", JetStream: true, StoreDir: dir, DontListen: true,
		MaxPayload: 8 << 20, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 50, NoLog: true, NoSigs: true,
	})
	if err != nil {
		return err
	}
	c.srv, c.synced = srv, [2]*journal.Blocks{journal.NewBlocks(dir, ceilingRaw), journal.NewBlocks(dir, ceilingEvents)}
	srv.Start()
	if !srv.ReadyForConnections(publishLimit) {
		return errors.New("the server is not ready")
	}
	if c.nc, err = nats.Connect("", nats.InProcessServer(srv)); err != nil {
		return err
	}
	c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(publishLimit))
	return err
}

func (c *ceiling) makeStreams(ctx context.Context) error {
	for _, s := range []jetstream.StreamConfig{
		{Name: ceilingRaw, Subjects: []string{"chime.raw.*"}},
		{Name: ceilingEvents, Subjects: []string{"chime.events.*.*", "chime.fence.*"}, AllowRollup: true},
	} {
		s.Retention, s.Discard, s.Storage = jetstream.LimitsPolicy, jetstream.DiscardNew, jetstream.FileStorage
		s.Replicas, s.MaxBytes, s.AllowDirect, s.AllowAtomicPublish = 1, int64(streamConfig(1).MaxBytes), true, true
		if _, err := c.js.CreateStream(ctx, s); err != nil {
			return fmt.Errorf("making stream %s: %w", s.Name, err)
		}
	}
	return nil
}

func fenceSubject(p int) string { return "chime.fence." + strconv.Itoa(p) }

func (c *ceiling) takeFences(ctx context.Context, partitions int) error {
	for p := range partitions {
		ack, err := c.js.PublishMsg(ctx, &nats.Msg{
			Subject: fenceSubject(p), Header: nats.Header{jetstream.MsgRollup: {jetstream.MsgRollupSubject}},
		})
		if err != nil {
			return fmt.Errorf("taking a fence: %w", err)
		}
		c.fences = append(c.fences, strconv.FormatUint(ack.Sequence, 10))
	}
	return nil
}

// slice writes load, which was made of s, and reads it, and returns when everything was read.
func (c *ceiling) slice(ctx context.Context, s *stock, load [copies][]*nats.Msg) (cost, error) {
	c.raw.expect(copies * s.len())
	c.events.expect(s.len())
	commits := c.commits.Load()
	begin, err := readInstant()
	if err != nil {
		return cost{}, err
	}
	err = s.feed(ctx, func(ctx context.Context, path, from, to int) error { return c.store(ctx, load[path][from:to]) })
	if err != nil {
		return cost{}, fmt.Errorf("writing to the ceiling: %w", err)
	}
	for _, g := range []*goal{c.raw, c.events} {
		if err := g.wait(ctx, c.fail); err != nil {
			return cost{}, err
		}
	}
	k, err := since(begin, copies*s.len())
	k.commits = int(c.commits.Load() - commits)
	return k, err
}

// purge empties RAW, as the router does with what it has passed. It is no part of a slice.
func (c *ceiling) purge(ctx context.Context) error {
	s, err := c.js.Stream(ctx, ceilingRaw)
	if err == nil {
		err = s.Purge(ctx)
	}
	if err != nil {
		return fmt.Errorf("purging the ceiling: %w", err)
	}
	return nil
}

// errUnstored means that the ceiling did less than it should have.
var errUnstored = errors.New("the ceiling did not store everything")

// verify checks that RAW and EVENTS took what so many events need, besides the fences.
func (c *ceiling) verify(ctx context.Context, events int) error {
	for name, want := range map[string]int{ceilingRaw: copies * events, ceilingEvents: len(c.fences) + events} {
		s, err := c.js.Stream(ctx, name)
		if err != nil {
			return fmt.Errorf("asking for stream %s: %w", name, err)
		}
		if last := s.CachedInfo().State.LastSeq; last != uint64(want) { //nolint:gosec // never negative
			return fmt.Errorf("%w: %s has %d messages instead of %d", errUnstored, name, last, want)
		}
	}
	return nil
}

// broken reports the first error of the ceiling's goroutines.
func (c *ceiling) broken(err error) {
	select {
	case c.fail <- err:
	default:
	}
}

// publish stores msgs of a stream in one commit: as publishes, and one fsync after the last of them is stored.
func (c *ceiling) publish(ctx context.Context, blocks *journal.Blocks, msgs []*nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	c.commits.Add(1)
	acks := make([]jetstream.PubAckFuture, len(msgs))
	for i, m := range msgs {
		var err error
		if acks[i], err = c.js.PublishMsgAsync(m, jetstream.WithStallWait(publishLimit)); err != nil {
			return err
		}
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return blocks.Sync(0)
}

// close stops everything. It is safe after a failed start.
func (c *ceiling) close() {
	for _, cc := range c.consume {
		cc.Stop()
		<-cc.Closed()
	}
	c.stop()
	c.wg.Wait()
	if c.nc != nil {
		c.nc.Close()
	}
	if c.srv != nil {
		c.srv.Shutdown()
		c.srv.WaitForShutdown()
	}
}
