package kafka

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/pipeline/chime"
)

// flight is a record on its way. done is closed when err is the answer.
type flight struct {
	done chan struct{}
	err  error
}

// flights are the records on their way. The client never takes one back that it may have sent, or its numbers would not fit those
// of the broker any more. So an attempt that found no answer in time leaves its record here for the next one. The zero value is
// ready for use, and safe for concurrent use.
type flights struct {
	mu   sync.Mutex
	byID map[chime.Identity]*flight
}

// launch hands a record over, or returns the flight of the same event that is under way already.
func (f *flights) launch(ctx context.Context, client *kgo.Client, id chime.Identity, record *kgo.Record) *flight {
	f.mu.Lock()
	if have := f.byID[id]; have != nil {
		f.mu.Unlock()
		return have
	}
	if f.byID == nil {
		f.byID = map[chime.Identity]*flight{}
	}
	n := &flight{done: make(chan struct{})}
	f.byID[id] = n
	f.mu.Unlock()
	// With a context that ends the client might take the record back, and every other of its partition with it.
	client.TryProduce(context.WithoutCancel(ctx), record, func(_ *kgo.Record, err error) {
		f.mu.Lock()
		delete(f.byID, id)
		f.mu.Unlock()
		n.err = err
		close(n.done)
	})
	return n
}

// len returns how many records are on their way.
func (f *flights) len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.byID)
}
