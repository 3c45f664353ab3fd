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

var (
	errClosed     = errors.New("the sink is closed")
	errNotStarted = errors.New("the sink was not started")
)

// gate lets Writes in between the start of a sink and its end. It is safe for concurrent use.
type gate struct {
	writes *semaphore.Weighted // every Write holds 1 of it; shut takes everything
	opened atomic.Bool
	closed atomic.Bool
}

func newGate() *gate { return &gate{writes: semaphore.NewWeighted(everything)} }

// Open lets Writes in: the sink was started.
func (g *gate) Open() { g.opened.Store(true) }

// Enter begins a Write, which ends with Leave. An error, which is of class fatal, means that it did not begin: the sink is closed, or
// not open yet.
func (g *gate) Enter() error {
	if !g.writes.TryAcquire(1) {
		return pipeline.Fatal(errClosed)
	}
	if !g.opened.Load() {
		g.writes.Release(1)
		return pipeline.Fatal(errNotStarted)
	}
	return nil
}

// Leave ends a Write.
func (g *gate) Leave() { g.writes.Release(1) }

// shut waits for the Writes in flight, until ctx ends, and reports whether this call is the first.
func (g *gate) shut(ctx context.Context) (first bool, err error) {
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
