package awslocal

import (
	"sync"
	"time"
)

// clock is the wall clock plus an offset. It is safe for concurrent use.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
	moved  chan struct{}
}

func newClock() *clock { return &clock{moved: make(chan struct{})} }

// now returns the time of this server.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

// advance moves the clock forward and wakes everyone who waits for a time.
func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += max(0, d)
	close(c.moved)
	c.moved = make(chan struct{})
}

// change returns a channel that is closed by the next advance. Take it before reading now, or a move is missed.
func (c *clock) change() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}
