package awslocal

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// attempt makes one delivery attempt. again is false when the delivery is over, else it is tried again after pause.
type attempt func(ctx context.Context, number int) (pause time.Duration, again bool)

// delivery is one pending HTTP delivery.
type delivery struct {
	due    time.Time
	number int // attempts made
	try    attempt
	order  uint64
}

// dispatcher runs deliveries when they are due, on a fixed number of workers, and holds a bounded number of them. It is safe
// for concurrent use.
type dispatcher struct {
	clock *clock
	limit int
	wg    sync.WaitGroup

	mu      sync.Mutex
	waiting deliveryHeap
	pending int // reserved, waiting and running
	added   uint64
	changed chan struct{}
}

// startDispatcher starts the workers; they end with ctx.
func startDispatcher(ctx context.Context, c *clock, workers, limit int) *dispatcher {
	d := &dispatcher{clock: c, limit: limit, changed: make(chan struct{})}
	for range workers {
		d.wg.Go(func() { d.work(ctx) })
	}
	return d
}

// reserve makes room for n deliveries, all or none. Each has to be added, or given back.
func (d *dispatcher) reserve(n int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending+n > d.limit {
		return false
	}
	d.pending += n
	return true
}

// add queues a delivery that has its room reserved.
func (d *dispatcher) add(due time.Time, try attempt) {
	d.push(&delivery{due: due, try: try})
}

func (d *dispatcher) push(job *delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.added++
	job.order = d.added
	heap.Push(&d.waiting, job)
	close(d.changed)
	d.changed = make(chan struct{})
}

// load returns how many deliveries are pending, and how many of them are not waiting for an attempt.
func (d *dispatcher) load() (pending, running int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.pending, d.pending - len(d.waiting)
}

func (d *dispatcher) work(ctx context.Context) {
	for {
		job := d.next(ctx)
		if job == nil {
			return
		}
		job.number++
		if pause, again := job.try(ctx, job.number); again {
			job.due = d.clock.now().Add(pause)
			d.push(job)
			continue
		}
		d.mu.Lock()
		d.pending--
		d.mu.Unlock()
	}
}

// next waits for a delivery that is due; nil when ctx has ended.
func (d *dispatcher) next(ctx context.Context) *delivery {
	for ctx.Err() == nil {
		moved := d.clock.change()
		job, changed, wait := d.pop(d.clock.now())
		if job != nil {
			return job
		}
		await(ctx, wait, changed, moved)
	}
	return nil
}

// pop returns a delivery that is due, or how long to wait for one.
func (d *dispatcher) pop(now time.Time) (job *delivery, changed <-chan struct{}, wait time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		return nil, d.changed, time.Hour
	}
	if wait = d.waiting[0].due.Sub(now); wait > 0 {
		return nil, d.changed, wait
	}
	job, _ = heap.Pop(&d.waiting).(*delivery)
	return job, nil, 0
}

// await returns after d, or when one of the channels is closed, or when ctx ends.
func await(ctx context.Context, d time.Duration, changed, moved <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-moved:
	case <-ctx.Done():
	}
}

// deliveryHeap orders by due time, then by arrival. It implements heap.Interface.
type deliveryHeap []*delivery

func (h deliveryHeap) Len() int { return len(h) }

func (h deliveryHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].order < h[j].order
}

func (h deliveryHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *deliveryHeap) Push(x any) {
	job, _ := x.(*delivery)
	*h = append(*h, job)
}

// Pop implements heap.Interface.
func (h *deliveryHeap) Pop() any {
	last := len(*h) - 1
	job := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return job
}
