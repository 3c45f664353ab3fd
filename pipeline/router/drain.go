package router

import (
	"context"
	"errors"
	"time"

	"carillon/pipeline/telemetry"
)

const (
	// drainTick is how often a stop looks whether everything is settled.
	drainTick = 50 * time.Millisecond
	// drainIdle is how long nothing may move before a stop gives up waiting: what does not move now will not within the limit.
	drainIdle = 3 * time.Second
	// abortLimit bounds the wait after sinks were cut short.
	abortLimit = 10 * time.Second
)

// stopPartitions waits for what is released to reach the sinks, ends the partitions, and cuts short what still runs when the
// drain limit is over. What is held stays in RAW.
func (r *Router) stopPartitions(ctx context.Context, cancel context.CancelFunc) error {
	drain, stop := context.WithTimeout(ctx, r.setup.Shutdown.Drain)
	defer stop()
	r.waitSettled(drain)
	cancel()
	if waitFor(drain, &r.wg) == nil {
		return nil
	}
	r.set.Logger.WarnContext(ctx, "drain limit reached: what sinks have not accepted stays in the journal", telemetry.Limit(r.setup.Shutdown.Drain))
	for _, s := range r.sinks {
		s.Abort()
	}
	hard, stopHard := context.WithTimeout(ctx, abortLimit)
	defer stopHard()
	return waitFor(hard, &r.wg)
}

// waitSettled returns when no record is unread and no delivery is unsettled, when nothing moves any more, or when ctx ends.
func (r *Router) waitSettled(ctx context.Context) {
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	last, moved := ^uint64(0), time.Now()
	for {
		left, err := r.journal.Backlog(ctx)
		if err != nil || left == 0 {
			return
		}
		if left != last {
			last, moved = left, time.Now()
		}
		if time.Since(moved) > drainIdle {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// waiter is what waitFor waits for.
type waiter interface{ Wait() }

var errStillRunning = errors.New("still running at the end of its time")

// waitFor waits for w or for the end of ctx.
func waitFor(ctx context.Context, w waiter) error {
	done := make(chan struct{})
	go func() {
		w.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errStillRunning
	}
}
