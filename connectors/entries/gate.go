package entries

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"carillon/pipeline"
)

// everything is the weight that is free only when no Write runs.
const everything = math.MaxInt64

var errClosed = errors.New("the sink is closed")

// Gate lets Writes in until it is closed. It is safe for concurrent use.
type Gate struct {
	writes *semaphore.Weighted // every Write holds 1 of it; Close takes everything
	closed atomic.Bool
}

// NewGate returns an open gate.
func NewGate() *Gate { return &Gate{writes: semaphore.NewWeighted(everything)} }

// Enter begins a Write, which ends with Leave. The gate being closed is an error of class fatal.
func (g *Gate) Enter() error {
	if !g.writes.TryAcquire(1) {
		return pipeline.Fatal(errClosed)
	}
	return nil
}

// Leave ends a Write.
func (g *Gate) Leave() { g.writes.Release(1) }

// Close waits for the Writes in flight, until ctx ends, and reports whether this call is the first.
func (g *Gate) Close(ctx context.Context) (first bool, err error) {
	if g.closed.Swap(true) {
		return false, nil
	}
	if g.writes.TryAcquire(everything) { // whether ctx has ended or not
		return true, nil
	}
	if err := g.writes.Acquire(ctx, everything); err != nil {
		return true, fmt.Errorf("waiting for calls in flight: %w", err)
	}
	return true, nil
}
