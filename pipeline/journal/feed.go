package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// ackWait is so long that next to nothing is redelivered to a healthy owner. What is held past it comes again, and the feed
	// leaves it out: the stage still has it.
	ackWait = 12 * time.Hour
	// feedBytes is what a feed prefetches; more than the largest message.
	feedBytes = 4 << 20
	// feedQueue is how many prefetched messages are ready for the stage.
	feedQueue = 256
	// watchEvery is how often an idle feed asks whether the consumer has moved without it.
	watchEvery = 10 * time.Second
)

// Message is one stored message as a feed delivers it.
type Message struct {
	// Sequence is its place in the stream.
	Sequence uint64
	// Subject is where it was published; empty in a feed.
	Subject string
	// Stored is when the server stored it.
	Stored time.Time
	// Pending is how many messages of this feed followed it when it was delivered.
	Pending uint64
	// Header and Body must not be changed.
	Header nats.Header
	Body   []byte
	// Mark acknowledges this message and all before it; see Feed.Ack.
	Mark string
}

// Feed reads the messages of one partition in order, from the acknowledged floor on. What an embedded server has stored but the
// disk does not have yet waits: a power loss could take it back, and with it a sequence that was told to others.
type Feed struct {
	nc     *nats.Conn
	cons   jetstream.Consumer
	out    chan Message
	broken chan error
	done   chan struct{}
	cc     jetstream.ConsumeContext
	cancel context.CancelFunc
	wg     sync.WaitGroup
	stop   sync.Once
	last   atomic.Uint64 // consumer sequence of the last message
	reach  uint64        // the highest stream sequence; only deliver uses it
	blocks *Blocks       // what has to be on disk before it is delivered; nil: nothing has to
}

// RawFeed opens the feed of partition p of RAW at its floor.
func (j *Journal) RawFeed(ctx context.Context, p int) (*Feed, error) {
	return j.openFeed(ctx, j.names.raw(), jetstream.ConsumerConfig{
		Durable: rawConsumer(p), FilterSubject: j.names.rawSubject(p), DeliverPolicy: jetstream.DeliverAllPolicy,
	})
}

// SinkFeed opens the feed of partition p of EVENTS for a sink at its floor; start says where that is for a new one.
func (j *Journal) SinkFeed(ctx context.Context, sink string, p int, start Start) (*Feed, error) {
	c, err := j.sinkConfig(ctx, sink, p, start)
	if err != nil {
		return nil, err
	}
	return j.openFeed(ctx, j.names.events(), c)
}

// sinkConfig describes the consumer of a sink that is new. The start is resolved to a sequence: a reset before the first
// acknowledgement must come back to the same place.
func (j *Journal) sinkConfig(ctx context.Context, sink string, p int, start Start) (jetstream.ConsumerConfig, error) {
	c := jetstream.ConsumerConfig{
		Durable: sinkConsumer(sink, p), FilterSubject: j.names.eventsFilter(p), DeliverPolicy: jetstream.DeliverAllPolicy,
	}
	if start.Earliest {
		return c, nil
	}
	info, err := j.streams[j.names.events()].Info(ctx)
	if err != nil {
		return c, fmt.Errorf("asking for stream %s: %w", j.names.events(), err)
	}
	c.DeliverPolicy, c.OptStartSeq = jetstream.DeliverByStartSequencePolicy, info.State.LastSeq+1
	if start.Since.IsZero() {
		return c, nil
	}
	first, err := j.firstSince(ctx, j.names.events(), start.Since)
	if first > 0 {
		c.OptStartSeq = first
	}
	return c, err
}

// EnsureSink makes the consumers of a sink in every partition, so that a sink which starts now misses nothing from now on. A sink
// that was to be renamed to this one is taken over first. It reads nothing: a pull that is given up again may still take a message
// from the feed that comes after it.
func (j *Journal) EnsureSink(ctx context.Context, sink string, start Start) error {
	if err := j.inherit(ctx, sink); err != nil {
		return err
	}
	for p := range j.stream.Partitions {
		c, err := j.sinkConfig(ctx, sink, p, start)
		if err != nil {
			return err
		}
		if _, err := j.consumer(ctx, j.names.events(), c); err != nil {
			return err
		}
	}
	return j.keepMade()
}

// openFeed finds or makes the consumer, resets it to its floor and begins to read (I8). All acknowledgements are AckAll: with
// explicit ones a restart would deliver newer messages before older ones that were not acknowledged.
func (j *Journal) openFeed(ctx context.Context, stream string, c jetstream.ConsumerConfig) (*Feed, error) {
	cons, err := j.consumer(ctx, stream, c)
	if err != nil {
		return nil, err
	}
	if _, err := j.js.ResetConsumer(ctx, stream, c.Durable); err != nil {
		return nil, fmt.Errorf("resetting consumer %s: %w", c.Durable, err)
	}
	blocks, err := j.onDisk(ctx, stream)
	if err != nil {
		return nil, err
	}
	return j.read(ctx, cons, blocks)
}

// onDisk returns what a feed of a stream has to wait for, when everything is on disk that is in the stream now.
func (j *Journal) onDisk(ctx context.Context, stream string) (*Blocks, error) {
	if j.server == nil || j.server.blocksOf(stream) == nil {
		return nil, nil //nolint:nilnil // nothing to wait for
	}
	info, err := j.streams[stream].Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for stream %s: %w", stream, err)
	}
	if info.State.LastSeq > 0 && !j.server.blocksOf(stream).reached.has(info.State.LastSeq) {
		if err := j.server.durable(stream, info.State.LastSeq); err != nil {
			return nil, err
		}
	}
	return j.server.blocksOf(stream), nil
}

// read begins to read from a consumer that was just reset.
func (j *Journal) read(ctx context.Context, cons jetstream.Consumer, blocks *Blocks) (*Feed, error) {
	f := &Feed{nc: j.nc, blocks: blocks, cons: cons, out: make(chan Message, feedQueue), broken: make(chan error, 1), done: make(chan struct{})}
	var err error
	f.cc, err = cons.Consume(f.deliver, jetstream.PullMaxBytes(feedBytes), jetstream.PullExpiry(10*time.Second), jetstream.ConsumeErrHandler(f.fail))
	if err != nil {
		return nil, fmt.Errorf("reading consumer %s: %w", cons.CachedInfo().Name, err)
	}
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f.cancel = cancel
	f.wg.Go(func() { f.watch(watch) })
	return f, nil
}

func (j *Journal) consumer(ctx context.Context, stream string, c jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	cons, err := j.js.Consumer(ctx, stream, c.Durable)
	if err == nil {
		return cons, nil
	}
	if !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, fmt.Errorf("asking for consumer %s: %w", c.Durable, err)
	}
	c.AckPolicy, c.AckWait, c.MaxAckPending = jetstream.AckAllPolicy, ackWait, -1
	c.Replicas = j.stream.Replicas
	if cons, err = j.js.CreateConsumer(ctx, stream, c); err != nil {
		return nil, fmt.Errorf("making consumer %s: %w", c.Durable, err)
	}
	j.made.Store(true)
	return cons, nil
}

// deliver hands one message to the stage; it blocks while the stage is busy, which stops the pulling (I6). Consumer sequences
// count from 1 after a reset: a gap means that a former owner's pull got the messages between, and they will not come again
// by themselves.
func (f *Feed) deliver(msg jetstream.Msg) {
	meta, err := msg.Metadata()
	if err != nil || meta.Sequence.Consumer != f.last.Load()+1 {
		f.fail(nil, ErrBroken)
		return
	}
	f.last.Store(meta.Sequence.Consumer)
	if meta.Sequence.Stream <= f.reach {
		return // Held past ackWait, as in an outage of the sink. It has its place before what came since.
	}
	f.reach = meta.Sequence.Stream
	if f.blocks != nil && !f.blocks.Await(meta.Sequence.Stream, f.done) {
		return
	}
	m := Message{
		Sequence: meta.Sequence.Stream, Stored: meta.Timestamp, Pending: meta.NumPending,
		Header: msg.Headers(), Body: msg.Data(), Mark: msg.Reply(),
	}
	select {
	case f.out <- m:
	case <-f.done:
	}
}

// watch looks for a loss that no later message reveals, until ctx ends.
func (f *Feed) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var w watcher
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		f.look(ctx, &w)
	}
}

// look compares the consumer with what came out of the feed. That it is gone is a finding, too: a pull that finds nobody to
// answer is repeated by the client library without a word.
func (f *Feed) look(ctx context.Context, w *watcher) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	info, err := f.cons.Info(ctx)
	if err == nil && w.lost(info, f.last.Load(), len(f.out) == 0) {
		err = ErrBroken
	}
	f.fail(nil, err)
}

// watcher compares what the server says it delivered with what came out of a feed.
type watcher struct {
	last    uint64
	suspect bool
}

// lost reports whether a former owner stands in the way of the feed. Either its pull got the last messages: the consumer is
// ahead of an idle feed at two looks in a row. Or its acknowledgement came after our reset and raised the floor of consumer
// sequences beyond ours: the server would take no acknowledgement from us until we are there. last is the consumer sequence of
// the feed's last message, idle whether the stage has taken all of them.
func (w *watcher) lost(info *jetstream.ConsumerInfo, last uint64, idle bool) bool {
	if info.AckFloor.Consumer > info.Delivered.Consumer {
		return true
	}
	ahead := idle && info.Delivered.Consumer > last
	lost := ahead && w.suspect && w.last == last
	w.last, w.suspect = last, ahead
	return lost
}

// fail reports what ends the feed; everything else the client library mends by itself.
func (f *Feed) fail(_ jetstream.ConsumeContext, err error) {
	for _, fatal := range []error{ErrBroken, jetstream.ErrConsumerDeleted, jetstream.ErrConsumerNotFound, jetstream.ErrBadRequest, jetstream.ErrConnectionClosed, nats.ErrSlowConsumer} {
		if errors.Is(err, fatal) {
			select {
			case f.broken <- fmt.Errorf("%w: %w", ErrBroken, err):
			default:
			}
			return
		}
	}
}

// Messages returns the channel of messages in order. It is never closed.
func (f *Feed) Messages() <-chan Message { return f.out }

// Broken delivers at most one error, after which the feed must be opened again.
func (f *Feed) Broken() <-chan error { return f.broken }

// Ack tells the server that the message with this mark and all before it need not come again. Losing one is harmless.
func (f *Feed) Ack(mark string) error {
	if err := f.nc.Publish(mark, []byte("+ACK")); err != nil {
		return fmt.Errorf("acknowledging: %w", err)
	}
	return nil
}

// Stop ends the feed. It is safe to call more than once.
func (f *Feed) Stop() {
	f.stop.Do(func() {
		close(f.done)
		f.cancel()
		f.cc.Stop()
		<-f.cc.Closed()
		f.wg.Wait()
	})
}
