package kafka

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"
)

// mostProducers is how many Writes are under way at once. Each has a client of its own, so that what it hands over together is not mixed
// with what others do.
const mostProducers = 8

// producers are the clients, made when they are needed. They are safe for concurrent use.
type producers struct {
	build  func() (*producer, error)
	places *semaphore.Weighted

	mu     sync.Mutex
	closed bool
	all    []*producer
	free   []*producer
}

func newProducers(build func() (*producer, error)) *producers {
	return &producers{build: build, places: semaphore.NewWeighted(mostProducers)}
}

// take waits for a producer that nobody uses, one with nothing on its way if there is any.
func (p *producers) take(ctx context.Context) (*producer, error) {
	if err := p.places.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	n, err := p.pick()
	if err != nil {
		p.places.Release(1)
	}
	return n, err
}

func (p *producers) pick() (*producer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	if len(p.free) > 0 {
		at := max(0, slices.IndexFunc(p.free, (*producer).idle))
		n := p.free[at]
		p.free = slices.Delete(p.free, at, at+1)
		return n, nil
	}
	n, err := p.build()
	if err == nil {
		p.all = append(p.all, n)
	}
	return n, err
}

// put gives a producer back. One whose gate is shut is of no use any more, and ends.
func (p *producers) put(n *producer) {
	defer p.places.Release(1)
	ended := n.gate.isShut()
	if ended {
		n.close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ended {
		p.all = slices.DeleteFunc(p.all, func(have *producer) bool { return have == n })
		return
	}
	p.free = append(p.free, n)
}

// close ends all of them, those in use too. A second call does nothing.
func (p *producers) close() {
	p.mu.Lock()
	all := p.all
	p.closed, p.all, p.free = true, nil, nil
	p.mu.Unlock()
	for _, n := range all {
		n.close()
	}
}
