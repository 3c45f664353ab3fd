package kafka

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// producer is a client that one Write uses at a time.
type producer struct {
	client *kgo.Client
	gate   gate
	flying atomic.Int64 // records without an answer
	proven bool         // what was handed over last was accepted, all of it: the topic is known, and nothing is amiss

	mu       sync.Mutex
	flushing bool
	flushes  sync.WaitGroup
}

// idle reports whether nothing is on its way. Nothing is handed over meanwhile by others.
func (p *producer) idle() bool { return p.flying.Load() == 0 }

// launch hands a record over. It is sent at the next flush.
func (p *producer) launch(ctx context.Context, all *flights, id chime.Identity, record *kgo.Record) *flight {
	n := &flight{id: id, done: make(chan struct{})}
	p.flying.Add(1)
	// With a context that ends the client might take the record back, and every other of its partition with it.
	p.client.TryProduce(ctx, record, func(_ *kgo.Record, err error) {
		p.flying.Add(-1)
		all.land(n, err)
	})
	return n
}

// flush lets everything that was handed over go, and reports whether it was answered before ctx ended. What was not is sent and
// sent again from then on.
func (p *producer) flush(ctx context.Context) bool {
	if p.client.Flush(ctx) == nil {
		return true
	}
	p.keepFlushing()
	return false
}

// keepFlushing has somebody flush until everything is answered, because otherwise the client sends nothing again.
func (p *producer) keepFlushing() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flushing {
		return
	}
	p.flushing = true
	p.flushes.Go(func() {
		for {
			_ = p.client.Flush(context.Background())
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

// settled waits until the client has told every failure there was so far. It tells one after the other, and this one is about a
// record that has no topic and is never sent.
func (p *producer) settled() {
	told := make(chan struct{})
	p.client.TryProduce(context.Background(), &kgo.Record{}, func(*kgo.Record, error) { close(told) })
	<-told
}

// handOver hands the events of a Write over so that each one waits behind the earlier ones of its meeting in one partition, before
// anything of them is sent. It returns nil when that cannot be said, and then none of them ever will be.
func (p *producer) handOver(ctx context.Context, all *flights, events []pipeline.Event, records []*kgo.Record) []*flight {
	if !p.proven || !p.idle() || !p.gate.tryHold() {
		return nil
	}
	under := make([]*flight, len(records))
	for i, r := range records {
		under[i] = p.launch(ctx, all, events[i].ID, r)
	}
	p.settled()
	if inOrder(under, records) {
		p.gate.open()
		return under
	}
	p.gate.close()
	return nil
}

// inOrder reports whether none of the records failed, and those with one key are in one partition.
func inOrder(under []*flight, records []*kgo.Record) bool {
	partitions := map[string]int32{}
	for i, r := range records {
		if _, failed := under[i].answer(); failed {
			return false
		}
		if p, had := partitions[string(r.Key)]; had && p != r.Partition {
			return false
		}
		partitions[string(r.Key)] = r.Partition
	}
	return true
}

// close ends the client. What is on its way fails.
func (p *producer) close() {
	p.client.Close()
	p.flushes.Wait()
}
