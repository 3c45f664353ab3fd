package connectortest

import (
	"context"
	"fmt"
	"sync"

	"carillon/pipeline"
)

// checkOrder: what Write confirmed is at the far side, once, and each meeting in its order.
func checkOrder(r *rig) {
	r.Helper()
	es := r.next(30, "a", "b", "a", "c")
	r.mustDeliver(es)
	r.checkAccepted(es)
	r.checkOnce(len(es))
}

// checkFullBatches: a Write takes as many events as MaxBatch says, of many meetings or of one.
func checkFullBatches(r *rig) {
	r.Helper()
	n := r.maxBatch()
	es := append(r.next(n, "a", "b", "c"), r.next(n, "d")...)
	r.mustDeliver(es)
	r.checkAccepted(es)
	r.checkOnce(len(es))
}

// checkConcurrent: Writes of different meetings run at the same time and disturb neither each other nor the order.
func checkConcurrent(r *rig) {
	r.Helper()
	const meetings, each = 16, 12
	var all []pipeline.Event
	lanes := make([][]pipeline.Event, meetings)
	for i := range lanes {
		lanes[i] = r.next(each, fmt.Sprintf("meeting-%d", i))
		all = append(all, lanes[i]...)
	}
	size := min(r.maxBatch(), 3)
	var wg sync.WaitGroup
	for _, lane := range lanes {
		wg.Go(func() { r.writeLane(lane, size) })
	}
	if err := r.within("Writes of several meetings", func() error { wg.Wait(); return nil }); err != nil {
		r.failf("%v", err)
	}
	r.checkAccepted(all)
	r.checkOnce(len(all))
}

// writeLane runs on a goroutine of its own, so it must not end the check.
func (r *rig) writeLane(lane []pipeline.Event, size int) {
	for len(lane) > 0 {
		n := min(size, len(lane))
		err := r.sink.Write(context.Background(), lane[:n])
		r.note(err)
		if err != nil {
			r.Errorf("Write of meeting %q: %v", lane[0].Key, err)
			return
		}
		lane = lane[n:]
	}
}

// checkRepeats: an event that is written again has the same identity, for the same sink and for the next one after a restart,
// and a restart takes nothing away.
func checkRepeats(r *rig) {
	r.Helper()
	es := r.next(4, "a", "b")
	r.mustDeliver(es)
	r.mustDeliver(es)
	r.checkAccepted(es)
	r.close()
	r.open()
	es = append(es, r.next(4, "a", "b")...)
	r.mustDeliver(es)
	r.checkAccepted(es)
}

// checkNothing: a Write of no events is accepted.
func checkNothing(r *rig) {
	r.Helper()
	if err := r.wait(r.begin(context.Background(), nil)); err != nil {
		r.failf("Write of nothing: %v", err)
	}
	r.checkOnce(0)
}
