package connectortest

// checkStoredFirst: nothing is acknowledged while Emit has not returned (I1).
func checkStoredFirst(r *sourceRig) {
	r.Helper()
	entered := r.out.block()
	r.begin()
	all := r.put(r.next(5))
	r.enter(entered)
	r.while("nothing is acknowledged before it is stored", func() bool { return r.pendingAre(all) })
	r.out.open()
	r.untilSettled(all)
}

// checkRedelivered: a copy that comes while its first is being stored does not acknowledge it.
func checkRedelivered(r *sourceRig) {
	r.Helper()
	entered := r.out.block()
	r.begin()
	all := r.put(r.next(5))
	r.enter(entered)
	r.driver.Again()
	r.while("nothing is acknowledged before it is stored", func() bool { return r.pendingAre(all) })
	r.out.open()
	r.untilSettled(all)
}

// reachable returns what of bodies can be offered while nothing is acknowledged: where order is kept, what was refused may
// hold back what follows.
func (r *sourceRig) reachable(bodies []string) []string {
	if r.driver.Ordered {
		return bodies[:1]
	}
	return bodies
}

// checkRefusedOnce: a delivery that Emit refused as a whole is not acknowledged, and comes again.
func checkRefusedOnce(r *sourceRig) {
	r.Helper()
	r.out.decide(func(string) bool { return true }, true)
	r.begin()
	all := r.put(r.next(5))
	r.until("everything is offered", func() bool { return r.offered(r.reachable(all), 1) })
	r.while("nothing is acknowledged that was refused", func() bool { return r.pendingAre(all) })
	r.out.decide(nil, false)
	r.untilSettled(all)
}

// checkRefusedForEver: however often Emit refuses, nothing is acknowledged, and the source goes on until it is stopped.
func checkRefusedForEver(r *sourceRig) {
	r.Helper()
	r.out.decide(func(string) bool { return true }, false)
	r.begin()
	all := r.put(r.next(5))
	r.until("everything is offered three times", func() bool { return r.offered(r.reachable(all), 3) })
	r.stop(r.driver.Drain + r.patience)
	r.soon("all of it is pending", func() bool { return r.pendingAre(all) })
}

// checkRefusedInPart: when Emit refuses some, the others are acknowledged, and only those that were refused come again.
func checkRefusedInPart(r *sourceRig) {
	r.Helper()
	r.begin()
	r.untilSettled(r.put(r.next(1))) // it runs, so that nothing below has to come again by itself
	var good, bad []string
	refused := map[string]bool{}
	for i, b := range r.next(20) {
		if i%2 == 0 {
			good = append(good, b)
			continue
		}
		bad, refused[b] = append(bad, b), true
	}
	r.out.decide(func(body string) bool { return refused[body] }, false)
	mixed := make([]string, 0, len(good)+len(bad))
	for i := range good {
		mixed = append(mixed, good[i], bad[i])
	}
	r.put(mixed)
	r.soon("what can be stored is, and the rest is offered", func() bool { return r.stored(good) && r.offered(bad, 1) })
	r.soon("what is stored is acknowledged, and nothing else", func() bool { return r.pendingAre(bad) })
	r.out.decide(nil, false)
	r.untilSettled(mixed)
	r.out.look(func() {
		for _, b := range good {
			if n := r.out.offered[b]; n != 1 {
				r.Errorf("notification %d was stored and acknowledged, and offered %d times", r.place[b], n)
			}
		}
	})
}
