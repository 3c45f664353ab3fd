package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

// feedQueue is how many messages wait between a consumer and what reads it: as many as in the router.
const feedQueue = 256

// rawCall is one caller that waits for its messages to be in RAW.
type rawCall struct {
	msgs []*nats.Msg
	done chan error
}

// load makes the messages of s as the router writes them to RAW, by path, in the order of the path. It is no part of a slice.
func (c *ceiling) load(s *stock) [copies][]*nats.Msg {
	var load [copies][]*nats.Msg
	received := strconv.FormatInt(time.Now().UnixMilli(), 10)
	for p, source := range sourceNames() {
		load[p] = make([]*nats.Msg, s.len())
		for place, i := range s.orders[p] {
			r := &s.records[i]
			load[p][place] = &nats.Msg{
				Subject: "chime.raw." + strconv.Itoa(chime.Partition(r.Key, len(c.fences))), Header: header(r, source, received), Data: s.body(p, i),
			}
		}
	}
	return load
}

func header(r *chime.Record, source, received string) nats.Header {
	h := make(nats.Header, 12)
	h[journal.HeaderID] = []string{r.ID.String()}
	h[journal.HeaderKey] = []string{r.Key}
	h[journal.HeaderKind] = []string{r.Kind}
	h[journal.HeaderSource] = []string{source}
	if r.Attendee != "" {
		h[journal.HeaderAttendee] = []string{r.Attendee}
	}
	h[journal.HeaderTime] = []string{strconv.FormatInt(r.Time, 10)}
	h[journal.HeaderReceived] = []string{received}
	return h
}

// store writes msgs to RAW and returns when they are stored.
func (c *ceiling) store(ctx context.Context, msgs []*nats.Msg) error {
	call := &rawCall{msgs: msgs, done: make(chan error, 1)}
	select {
	case c.queue <- call:
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
			err := c.publish(msgs)
			for _, call := range calls {
				call.done <- err
			}
		case <-ctx.Done():
			return
		}
	}
}

// gather adds the callers that wait right now, as many as fit a batch.
func (c *ceiling) gather(first *rawCall) ([]*rawCall, []*nats.Msg) {
	calls, msgs := []*rawCall{first}, append(make([]*nats.Msg, 0, maxBatch), first.msgs...)
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
	out := make(chan jetstream.Msg, feedQueue)
	c.wg.Go(func() { c.commitEvents(work, p, out) })
	return c.read(ctx, ceilingRaw, "chime.raw."+strconv.Itoa(p), "sequence-"+strconv.Itoa(p), func(m jetstream.Msg) {
		select {
		case out <- m:
		case <-work.Done():
		}
	})
}

// commitEvents stores whatever waits in one batch under the fence of the partition.
func (c *ceiling) commitEvents(ctx context.Context, p int, in <-chan jetstream.Msg) {
	var acked time.Time
	batch := make([]*nats.Msg, 0, maxBatch)
	first := sourceNames()[0]
	for {
		var last jetstream.Msg
		n := 0
		select {
		case last = <-in:
		case <-ctx.Done():
			return
		}
		for batch = batch[:0]; last != nil; n++ {
			if last.Headers()[journal.HeaderSource][0] == first {
				batch = append(batch, c.event(p, last))
			}
			if len(batch) == maxBatch || len(in) == 0 {
				n++
				break
			}
			last = <-in
		}
		if err := c.append(p, batch); err != nil {
			c.broken(fmt.Errorf("writing events of the ceiling: %w", err))
			return
		}
		acked = c.acknowledge(last, acked)
		c.raw.add(n)
	}
}

func (c *ceiling) append(p int, batch []*nats.Msg) error {
	if len(batch) == 0 {
		return nil
	}
	h := batch[0].Header
	h[jetstream.ExpectedLastSubjSeqHeader] = []string{c.fences[p]}
	h[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{fenceSubject(p)}
	return c.publish(batch)
}

// event makes the message for EVENTS of one from RAW: the same headers, without those of its batch, and its sequence.
func (c *ceiling) event(p int, m jetstream.Msg) *nats.Msg {
	h := m.Headers()
	for name := range h {
		if strings.HasPrefix(name, "Nats-") {
			delete(h, name)
		}
	}
	if meta, err := m.Metadata(); err == nil {
		h[journal.HeaderRaw] = []string{strconv.FormatUint(meta.Sequence.Stream, 10)}
	}
	return &nats.Msg{Subject: "chime.events." + strconv.Itoa(p) + "." + h[journal.HeaderKey][0], Header: h, Data: m.Data()}
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
