package connectortest

import (
	"slices"
	"time"
)

// until waits for something to happen, and meanwhile makes the far side hand out again what it may.
func (r *sourceRig) until(what string, happened func() bool) {
	r.Helper()
	r.await(what, happened, r.driver.Again)
}

// soon waits for something to happen by itself.
func (r *sourceRig) soon(what string, happened func() bool) {
	r.Helper()
	r.await(what, happened, nil)
}

// await looks again and again, and holds what it sees to I1.
func (r *sourceRig) await(what string, happened func() bool, nudge func()) {
	r.Helper()
	deadline, look := time.NewTimer(r.patience), time.NewTicker(2*time.Millisecond)
	defer deadline.Stop()
	defer look.Stop()
	nudges := time.NewTicker(min(100*time.Millisecond, r.patience/20))
	defer nudges.Stop()
	for {
		r.checkAlive()
		r.checkAcknowledged()
		if happened() {
			return
		}
		select {
		case <-look.C:
		case <-nudges.C:
			if nudge != nil {
				nudge()
			}
		case <-deadline.C:
			r.failf("within %s it did not come to this: %s", r.patience, what)
		}
	}
}

// while looks for a short time at something that must stay true.
func (r *sourceRig) while(what string, holds func() bool) {
	r.Helper()
	end, look := time.NewTimer(6*moment), time.NewTicker(2*time.Millisecond)
	defer end.Stop()
	defer look.Stop()
	for {
		r.checkAlive()
		r.checkAcknowledged()
		if !holds() {
			r.failf("this did not last: %s", what)
		}
		select {
		case <-look.C:
		case <-end.C:
			return
		}
	}
}

// enter waits until a call of Emit is at the gate.
func (r *sourceRig) enter(entered <-chan struct{}) {
	r.Helper()
	r.until("Emit is called", func() bool {
		select {
		case <-entered:
			return true
		default:
			return false
		}
	})
}

// checkAlive fails when Run returned before it should.
func (r *sourceRig) checkAlive() {
	r.Helper()
	if r.running == nil {
		return
	}
	select {
	case err := <-r.running.done:
		r.running = nil
		r.note(err)
		r.failf("Run returned too early: %v", err)
	default:
	}
}

// acknowledged returns what was put and is not pending any more.
func (r *sourceRig) acknowledged() []string {
	pending := map[string]bool{}
	for _, b := range r.driver.Pending() {
		pending[b] = true
	}
	var out []string
	for b := range r.place {
		if !pending[b] {
			out = append(out, b)
		}
	}
	return out
}

// checkAcknowledged holds the source to I1: what is acknowledged is stored. The far side is asked first, so that what is
// stored between the two questions does no harm.
func (r *sourceRig) checkAcknowledged() {
	r.Helper()
	gone := r.acknowledged()
	lost, strange := -1, false
	r.out.look(func() {
		for _, b := range gone {
			if r.out.stored[b] == 0 {
				lost = r.place[b]
			}
		}
		for b := range r.out.offered {
			_, known := r.place[b]
			strange = strange || !known
		}
	})
	if strange {
		r.failf("a notification was emitted that was not put like this")
	}
	if lost >= 0 {
		r.failf("notification %d was acknowledged and not stored", lost)
	}
}

// stored reports whether all of bodies are stored.
func (r *sourceRig) stored(bodies []string) bool {
	ok := true
	r.out.look(func() {
		ok = !slices.ContainsFunc(bodies, func(b string) bool { return r.out.stored[b] == 0 })
	})
	return ok
}

// offered reports whether all of bodies were offered n times or more.
func (r *sourceRig) offered(bodies []string, n int) bool {
	ok := true
	r.out.look(func() {
		ok = !slices.ContainsFunc(bodies, func(b string) bool { return r.out.offered[b] < n })
	})
	return ok
}

// pendingAre reports whether exactly bodies are pending.
func (r *sourceRig) pendingAre(bodies []string) bool {
	pending := r.driver.Pending()
	slices.Sort(pending)
	return slices.Equal(slices.Compact(pending), slices.Sorted(slices.Values(bodies)))
}

// untilSettled waits until all of bodies are stored, and then until nothing is pending.
func (r *sourceRig) untilSettled(bodies []string) {
	r.Helper()
	r.until("everything that was put is stored", func() bool { return r.stored(bodies) })
	r.until("everything that is stored is acknowledged", func() bool { return r.pendingAre(nil) })
}
