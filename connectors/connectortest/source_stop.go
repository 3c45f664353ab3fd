package connectortest

import (
	"strings"
	"time"
)

// prompt is how long a source that has nothing in hand may take to stop.
const prompt = 3 * time.Second

// checkStopIdle: a source that has nothing in hand returns soon after its context ends.
func checkStopIdle(r *sourceRig) {
	r.Helper()
	r.begin()
	r.untilSettled(r.put(r.next(1)))
	r.stop(min(prompt, r.patience))
}

// checkStopWaits: what was handed to Emit when the context ends is waited for and acknowledged; what was not is left.
func checkStopWaits(r *sourceRig) {
	r.Helper()
	entered := r.out.block()
	r.begin()
	all := r.put(r.next(5))
	r.enter(entered)
	r.cancel()
	r.while("Run waits for Emit", func() bool { return r.pendingAre(all) })
	r.out.look(func() {
		if r.out.cut > 0 {
			r.Errorf("the context of Emit ended with that of Run")
		}
	})
	r.out.open()
	r.stop(r.patience)
	r.soon("what was stored is acknowledged, and nothing else", func() bool { return r.pendingAre(r.left(all)) })
}

// left returns those of bodies that are not stored.
func (r *sourceRig) left(bodies []string) []string {
	var out []string
	for _, b := range bodies {
		if !r.stored([]string{b}) {
			out = append(out, b)
		}
	}
	return out
}

// checkStopBounded: an Emit that does not answer does not keep the source from stopping, and acknowledges nothing.
func checkStopBounded(r *sourceRig) {
	r.Helper()
	entered := r.out.block()
	r.begin()
	all := r.put(r.next(5))
	r.enter(entered)
	r.stop(r.driver.Drain + r.patience)
	r.while("nothing is acknowledged", func() bool { return r.pendingAre(all) })
}

// checkGone: a far side that is gone for a while does not end the source, which takes on when it is back.
func checkGone(r *sourceRig) {
	r.Helper()
	r.begin()
	all := r.put(r.next(2))
	r.untilSettled(all)
	mend := r.driver.Cut()
	r.while("Run goes on", func() bool { return true })
	mend()
	r.untilSettled(append(all, r.put(r.next(3))...))
}

// checkMisplaced: a source that cannot work says so before it runs, and says where.
func checkMisplaced(r *sourceRig) {
	r.Helper()
	src, err := r.driver.Misplace(r.settings())
	r.note(err)
	if err == nil {
		err = r.start(src)
	}
	if err == nil {
		r.failf("a source that cannot work says nothing when it is built and started")
	}
	if !strings.Contains(err.Error(), r.driver.MisplacedName) {
		r.failf("the error does not name %q: %v", r.driver.MisplacedName, err)
	}
}
