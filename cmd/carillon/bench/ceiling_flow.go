package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

// feedQueue is how many messages wait while a batch of EVENTS is under way: enough for the next one to be a full one.
const feedQueue = (copies + 1) * maxBatch

// storeCall is one caller that waits for its messages to be stored.
type storeCall struct {
	msgs []*nats.Msg
	done chan error
}

// load makes the messages of s as j writes them to RAW, by path, in the order of the path, and those that EVENTS gets of the first
// path. It is no part of a slice.
func (c *ceiling) load(s *stock, j *journal.Journal) [copies][]*nats.Msg {
	var load [copies][]*nats.Msg
	received, events := time.Now(), make(map[string]*nats.Msg, s.len())
	for p, source := range sourceNames() {
		load[p] = make([]*nats.Msg, s.len())
		for place, i := range s.orders[p] {
			r := &s.records[i]
			m := j.RawMessage(journal.Notification{Record: *r, Source: source, Received: received, Body: s.body(p, i)})
			partition := chime.Partition(r.Key, len(c.fences))
			m.Subject = "chime.raw." + strconv.Itoa(partition)
			load[p][place] = m
			if p == 0 {
				events[m.Header[journal.HeaderRecord][0]] = j.EventMessage(partition, &pipeline.Event{
					ID: r.ID, Key: r.Key, Kind: r.Kind, Attendee: r.Attendee, Time: time.UnixMilli(r.Time), Source: source, Received: received, Body: m.Data,
				})
			}
		}
	}
	c.made.Store(&events)
	return load
}

// store writes msgs to RAW and returns when they are stored.
func (c *ceiling) store(ctx context.Context, msgs []*nats.Msg) error {
	return c.call(ctx, c.queue, msgs)
}

// call hands msgs to a group commit and returns how that ended.
func (c *ceiling) call(ctx context.Context, queue chan<- *storeCall, msgs []*nats.Msg) error {
	call := &storeCall{msgs: msgs, done: make(chan error, 1)}
	select {
	case queue <- call:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-call.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run starts the group commit of RAW and the readers of both streams.
func (c *ceiling) run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.wg.Go(func() { c.commitRaw(work) })
	c.wg.Go(func() { c.commitEvents(work) })
	for p := range c.fences {
		if err := c.readRaw(ctx, work, p); err != nil {
			return err
		}
		if err := c.readEvents(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// commitRaw stores whatever waits in one batch; the next one gathers meanwhile.
func (c *ceiling) commitRaw(ctx context.Context) {
	for {
		select {
		case call := <-c.queue:
			calls, msgs := c.gather(call)
			answer(calls, c.publish(ctx, c.synced[0], msgs))
		case <-ctx.Done():
			return
		}
	}
}

// gather adds the callers that wait right now, as many as fit a batch.
func (c *ceiling) gather(first *storeCall) ([]*storeCall, []*nats.Msg) {
	calls, msgs := []*storeCall{first}, append(make([]*nats.Msg, 0, maxBatch), first.msgs...)
	for len(msgs)+emitSize <= maxBatch {
		select {
		case call := <-c.queue:
			calls, msgs = append(calls, call), append(msgs, call.msgs...)
		default:
			return calls, msgs
		}
	}
	return calls, msgs
}

// readRaw reads a partition of RAW and passes one copy of each event on. RAW is acknowledged up to what is in EVENTS.
func (c *ceiling) readRaw(ctx, work context.Context, p int) error {
	f := &forwarder{ceiling: c, partition: p, in: make(chan jetstream.Msg, feedQueue)}
	c.wg.Go(func() { f.run(work) })
	return c.read(ctx, ceilingRaw, "chime.raw."+strconv.Itoa(p), "sequence-"+strconv.Itoa(p), func(m jetstream.Msg) {
		select {
		case f.in <- m:
		case <-work.Done():
		}
	})
}

// commitEvents stores what the partitions have waiting in one batch, each part with the condition of its fence, as the journal
// does.
func (c *ceiling) commitEvents(ctx context.Context) {
	for {
		select {
		case call := <-c.appends:
			calls, msgs := []*storeCall{call}, append(make([]*nats.Msg, 0, maxBatch), call.msgs...)
			for waits := true; waits; {
				select {
				case more := <-c.appends:
					if len(msgs)+len(more.msgs) > maxBatch {
						answer(calls, c.publish(ctx, c.synced[1], msgs))
						calls, msgs = calls[:0], msgs[:0]
					}
					calls, msgs = append(calls, more), append(msgs, more.msgs...)
				default:
					waits = false
				}
			}
			answer(calls, c.publish(ctx, c.synced[1], msgs))
		case <-ctx.Done():
			return
		}
	}
}

// answer tells callers how their batch ended.
func answer(calls []*storeCall, err error) {
	for _, call := range calls {
		call.done <- err
	}
}

// forwarder writes one copy of each event of a partition to EVENTS.
type forwarder struct {
	*ceiling

	partition int
	in        chan jetstream.Msg
	batch     []*nats.Msg
	last      jetstream.Msg
	n         int // how many records the batch was made from
	acked     time.Time
}

func (f *forwarder) run(ctx context.Context) {
	for f.gather(ctx) {
		if err := f.append(ctx, f.partition, f.batch); err != nil {
			f.broken(fmt.Errorf("writing events of the ceiling: %w", err))
			return
		}
		f.acked = f.acknowledge(f.last, f.acked)
		f.raw.add(f.n)
	}
}

// gather takes whatever waits right now, as much as fits a batch. It returns false when ctx ended.
func (f *forwarder) gather(ctx context.Context) bool {
	f.batch, f.n = f.batch[:0], 0
	select {
	case m := <-f.in:
		f.take(m)
	case <-ctx.Done():
		return false
	}
	for len(f.batch) < maxBatch {
		select {
		case m := <-f.in:
			f.take(m)
		default:
			return true
		}
	}
	return true
}

// take adds the event that a message of RAW becomes to the batch, if it becomes one: with its sequence in RAW.
func (f *forwarder) take(m jetstream.Msg) {
	f.last = m
	f.n++
	event, first := (*f.made.Load())[m.Headers()[journal.HeaderRecord][0]]
	if !first {
		return
	}
	if meta, err := m.Metadata(); err == nil {
		event.Header[journal.HeaderRaw] = []string{strconv.FormatUint(meta.Sequence.Stream, 10)}
	}
	f.batch = append(f.batch, event)
}

// append stores the events of partition p.
func (c *ceiling) append(ctx context.Context, p int, batch []*nats.Msg) error {
	if len(batch) == 0 {
		return nil
	}
	fence, subject := []string{c.fences[p]}, []string{fenceSubject(p)}
	for _, m := range batch {
		m.Header[jetstream.ExpectedLastSubjSeqHeader], m.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = fence, subject
	}
	return c.call(ctx, c.appends, batch)
}

// readEvents reads a partition of EVENTS.
func (c *ceiling) readEvents(ctx context.Context, p int) error {
	var acked time.Time
	name := strconv.Itoa(p)
	return c.read(ctx, ceilingEvents, "chime.events."+name+".>", "sink-nothing-"+name, func(m jetstream.Msg) {
		acked = c.acknowledge(m, acked)
		c.events.add(1)
	})
}

// read makes a consumer like those of the journal and calls f for every message, on one goroutine.
func (c *ceiling) read(ctx context.Context, stream, subject, name string, f func(jetstream.Msg)) error {
	cons, err := c.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable: name, FilterSubject: subject, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckAllPolicy, AckWait: time.Hour, MaxAckPending: -1,
	})
	if err != nil {
		return fmt.Errorf("making consumer %s: %w", name, err)
	}
	cc, err := cons.Consume(f, jetstream.PullMaxBytes(4<<20), jetstream.PullExpiry(10*time.Second))
	if err != nil {
		return fmt.Errorf("reading consumer %s: %w", name, err)
	}
	c.consume = append(c.consume, cc)
	return nil
}

// acknowledge tells the server that m and all before it need not come again, if the last time is long enough ago. It returns
// when that was done last.
func (c *ceiling) acknowledge(m jetstream.Msg, last time.Time) time.Time {
	now := time.Now()
	if now.Sub(last) < ackEvery {
		return last
	}
	if err := c.nc.Publish(m.Reply(), []byte("+ACK")); err != nil {
		c.broken(fmt.Errorf("acknowledging: %w", err))
	}
	return now
}
