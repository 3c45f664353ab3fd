package connectortest

import (
	"context"
	"slices"
	"time"
)

// moment is how long a check looks for something that must not happen.
const moment = 50 * time.Millisecond

// checkEnded: a Write whose context has ended already returns soon and tells the truth.
func checkEnded(r *rig) {
	r.Helper()
	es := r.next(1, "a")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := r.wait(r.begin(ctx, es))
	if err == nil && !slices.Contains(r.accepted(), es[0].ID) {
		r.failf("Write with an ended context says that an event was accepted, and it was not")
	}
	r.mustDeliver(es)
	r.checkAccepted(es)
}

// checkCancel: Writes that the far side holds, or that wait behind such a one, return soon after their context ends.
func checkCancel(r *rig) {
	r.Helper()
	a, b := r.next(1, "a"), r.next(1, "b")
	stalled := r.driver.Stall()
	defer stalled.Resume()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := r.begin(ctx, a)
	r.entered(stalled)
	second := r.begin(ctx, b)
	cancel()
	for _, c := range []call{first, second} {
		if err := r.wait(c); err == nil {
			r.failf("Write says that a far side which does not answer accepted an event")
		}
	}
	stalled.Resume()
	r.mustDeliver(append(a, b...))
	r.checkAccepted(append(a, b...))
}

// checkCloseUnused: a sink that was neither started nor written to closes without an error.
func checkCloseUnused(r *rig) {
	r.Helper()
	r.close()
	r.sink = r.driver.Open()
	r.close()
	r.checkOnce(0)
}

// checkCloseTwice: a second Close does no harm.
func checkCloseTwice(r *rig) {
	r.Helper()
	es := r.next(2, "a", "b")
	r.mustDeliver(es)
	sink := r.sink
	r.close()
	again := start("a second Close", func() error {
		defer func() {
			if p := recover(); p != nil {
				r.Errorf("a second Close panics: %v", p)
			}
		}()
		return sink.Close(context.Background())
	})
	r.note(r.wait(again))
	r.checkAccepted(es)
}

// checkCloseWaits: Close returns after the Write in flight, not before.
func checkCloseWaits(r *rig) {
	r.Helper()
	es := r.next(1, "a")
	stalled := r.driver.Stall()
	defer stalled.Resume()
	write := r.begin(context.Background(), es)
	r.entered(stalled)
	sink := r.sink
	closing := start("Close", func() error { return sink.Close(context.Background()) })
	select {
	case err := <-closing.done:
		r.failf("Close did not wait for the Write in flight, and returned %v", err)
	case <-time.After(moment):
	}
	stalled.Resume()
	r.sink = nil
	if err := r.wait(closing); err != nil {
		r.failf("Close: %v", err)
	}
	if err := r.wait(write); err != nil {
		r.failf("Write while the sink was closing: %v", err)
	}
	r.checkAccepted(es)
}

// checkCloseBounded: Close returns soon after its context ends, whatever is in flight.
func checkCloseBounded(r *rig) {
	r.Helper()
	stalled := r.driver.Stall()
	defer stalled.Resume()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	write := r.begin(ctx, r.next(1, "a"))
	r.entered(stalled)
	sink := r.sink
	r.sink = nil
	ended, end := context.WithCancel(context.Background())
	end()
	r.note(r.within("Close with an ended context", func() error { return sink.Close(ended) }))
	stalled.Resume()
	r.note(r.wait(write)) // it may have been accepted or not
}
