package connectortest

import (
	"slices"
	"strings"
)

// checkEverything: what was put before the source runs, while it runs and while it is stopped is stored and acknowledged.
func checkEverything(r *sourceRig) {
	r.Helper()
	all := r.put(r.next(25))
	r.begin()
	all = append(all, r.put(r.next(15))...)
	r.untilSettled(all)
	r.stop(r.patience)
	all = append(all, r.put(r.next(5))...)
	r.begin()
	r.untilSettled(all)
}

// checkUnreadable: a source does not judge bodies. That is for ingest, which keeps what it cannot read.
func checkUnreadable(r *sourceRig) {
	r.Helper()
	bodies := []string{
		"not json " + payload, `{"detail":`, `[]`, `null`, `7`, `{"detail-type":7,"detail":"` + payload + `"}`, " {\t\n} ",
		`{"Records":[{"body":` + payload + `}]}`, "Grüße ☎ \u2028 " + payload, `{"a":1,"a":2}`,
		strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 10_000) + "1", strings.Repeat("x", 200<<10),
	}
	good := r.next(2)
	r.begin()
	r.put(slices.Concat(good[:1], bodies))
	last := r.put(good[1:])
	r.untilSettled(slices.Concat(good[:1], bodies, last))
}

// checkInOrder: what the far side hands out in order is emitted in order.
func checkInOrder(r *sourceRig) {
	r.Helper()
	all := r.put(r.next(60))
	r.begin()
	r.untilSettled(all)
	r.out.look(func() {
		for i, b := range r.out.order {
			if b != all[i] {
				r.Errorf("notification %d was stored in place %d", r.place[b], i)
				return
			}
		}
	})
}

// checkAcknowledgedOnce: nothing is acknowledged that the far side did not hand out, or that was acknowledged before.
func checkAcknowledgedOnce(r *sourceRig) {
	r.Helper()
	all := r.put(r.next(40))
	r.begin()
	r.untilSettled(all)
	r.stop(r.patience)
	for _, c := range r.driver.Complaints() {
		r.Errorf("the far side complains: %s", c)
	}
}

// checkBackPressure: while nothing is stored, no more is taken than the source says, and the far side keeps the rest.
func checkBackPressure(r *sourceRig) {
	r.Helper()
	entered := r.out.block()
	r.begin()
	all := r.put(r.next(3 * r.driver.MostTaken))
	r.enter(entered)
	r.while("the source holds no more than it says", func() bool { return r.driver.Taken() <= r.driver.MostTaken })
	r.out.open()
	r.untilSettled(all)
}
