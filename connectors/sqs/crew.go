package sqs

import "sync"

// crew says how many pollers there are: one at first, at most most. It is safe for concurrent use.
type crew struct {
	most int
	// run is the life of a poller, each on a goroutine of its own.
	run func()

	mu      sync.Mutex
	working int
	all     sync.WaitGroup
}

func newCrew(most int) *crew { return &crew{most: most} }

// work starts the first poller and returns when the last one has ended.
func (c *crew) work(run func()) {
	c.run = run
	c.hire()
	c.all.Wait()
}

// hire starts one more poller, unless there are enough. Only work and pollers call it, so that work does not end over it.
func (c *crew) hire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working >= c.most {
		return
	}
	c.working++
	c.all.Go(c.run)
}

// retire reports whether the poller that asks may end because others are left.
func (c *crew) retire() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.working <= 1 {
		return false
	}
	c.working--
	return true
}

// leave counts out a poller that ends because the source stops.
func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.working--
}

// size returns how many pollers there are now.
func (c *crew) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.working
}
