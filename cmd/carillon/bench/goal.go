package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// stall is how long nothing may move before a part gives up.
const stall = 30 * time.Second

// goal counts towards a number. It is safe for concurrent use, but for expect and wait, which have one caller.
type goal struct {
	what    string
	n, want atomic.Int64
	reached chan struct{}
}

func newGoal(what string) *goal { return &goal{what: what, reached: make(chan struct{}, 1)} }

// expect sets the number to so many more than there are. Nothing may be counted meanwhile.
func (g *goal) expect(more int) {
	select {
	case <-g.reached:
	default:
	}
	g.want.Store(g.n.Load() + int64(more))
}

// add counts k.
func (g *goal) add(k int) {
	n, want := g.n.Add(int64(k)), g.want.Load()
	if n >= want && n-int64(k) < want {
		select {
		case g.reached <- struct{}{}:
		default:
		}
	}
}

// wait returns when the number is reached, or with an error from fail, when nothing moves any more, or when ctx ends.
func (g *goal) wait(ctx context.Context, fail <-chan error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last, moved := g.n.Load(), time.Now()
	for {
		select {
		case <-g.reached:
			return nil
		case err := <-fail:
			return err
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", g.what, ctx.Err())
		case <-tick.C:
		}
		if n := g.n.Load(); n != last {
			last, moved = n, time.Now()
		}
		if time.Since(moved) > stall {
			return fmt.Errorf("waiting for %s: nothing moved for %s: %d of %d are missing", g.what, stall, g.want.Load()-last, g.want.Load())
		}
	}
}
