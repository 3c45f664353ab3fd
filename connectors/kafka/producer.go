package kafka

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/pipeline"
)

// producer is a client that one Write uses at a time.
type producer struct {
	client *kgo.Client
	gate   gate
	flying atomic.Int64 // records without an answer
	proven bool         // what was handed over last was accepted, all of it: the topic is known, and nothing is amiss

	mu       sync.Mutex // guards flushing
	flushing bool       // by keepFlushing
	flushes  sync.WaitGroup
}

// idle reports whether nothing is on its way.
func (p *producer) idle() bool { return p.flying.Load() == 0 }

// quiet reports whether the client sends nothing before the next flush, but for what a drain that is about to end may take along.
func (p *producer) quiet() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.idle() && !p.flushing
}

// launch hands a record over. It is sent at the next flush.
func (p *producer) launch(ctx context.Context, all *flights, of sending, record *kgo.Record) *flight {
	n := &flight{of: of}
	p.flying.Add(1)
	// With a context that ends the client might take the record back, and every other of its partition with it.
	p.client.TryProduce(ctx, record, func(_ *kgo.Record, err error) {
		p.flying.Add(-1)
		all.land(n, err)
	})
	return n
}

// flush lets everything that was handed over go, and waits until it is answered or ctx ends. What was not answered goes on to be sent.
func (p *producer) flush(ctx context.Context) {
	if p.client.Flush(ctx) != nil {
		p.keepFlushing(ctx)
	}
}

// keepFlushing has somebody flush until everything is answered, because otherwise the client sends nothing again.
func (p *producer) keepFlushing(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flushing {
		return
	}
	p.flushing = true
	p.flushes.Go(func() {
		for {
			_ = p.client.Flush(ctx) // which ends without an error
			p.mu.Lock()
			p.flushing = !p.idle()
			more := p.flushing
			p.mu.Unlock()
			if !more {
				return
			}
		}
	})
}

// settled waits until the client has told of every failure that there was so far. It tells of one after the other, and this one is
// of a record that has no topic and so is never sent.
func (p *producer) settled(ctx context.Context) {
	told := make(chan struct{})
	p.client.TryProduce(ctx, &kgo.Record{}, func(*kgo.Record, error) { close(told) })
	<-told
}

// handOver hands the events of a Write over, so that each one waits behind the earlier ones of its meeting in one partition before
// anything of them is sent. From then on the client lets a failure take along what is behind it, and the numbers of the idempotent
// producer forbid the broker to take what is behind a gap (I5). Without the gate the first could be sent, and refused, before the
// second is there, which would then be accepted. It returns nil when nothing was handed over. When a failure came in between, or the
// topic got more partitions, it shuts the gate, so that nothing of it is ever sent.
func (p *producer) handOver(ctx context.Context, all *flights, events []pipeline.Event, records []*kgo.Record) []*flight {
	if !p.proven || !p.quiet() || !p.gate.tryHold() {
		return nil
	}
	under := make([]*flight, len(records))
	for i, r := range records {
		under[i] = p.launch(ctx, all, sendingOf(&events[i]), r)
	}
	p.settled(ctx)
	if inOrder(under, records) {
		p.gate.open()
		return under
	}
	p.gate.close()
	return nil
}

// inOrder reports whether none of the records has an answer, which nothing but a failure can be yet, and those of one key are in one
// partition.
func inOrder(under []*flight, records []*kgo.Record) bool {
	partitions := map[string]int32{}
	for i, r := range records {
		if under[i].isAnswered() {
			return false
		}
		first, had := partitions[string(r.Key)]
		if !had {
			partitions[string(r.Key)] = r.Partition
		} else if first != r.Partition {
			return false
		}
	}
	return true
}

// close ends the client. What is on its way fails.
func (p *producer) close() {
	p.client.Close()
	p.flushes.Wait()
}
