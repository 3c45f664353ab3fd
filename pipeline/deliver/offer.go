package deliver

import "time"

// offer returns the channel of the workers when there is something to send, and nil otherwise; then it arms the timer, unless
// something else has to happen before anything may be sent.
func (r *run) offer() chan<- job {
	now := r.set.Clock()
	may, at := r.gate.pass(now)
	if len(r.next) > 0 && !r.probe && may != passAll {
		r.lanes.Untake(r.next)
		r.next = r.next[:0]
	}
	open := len(r.bury) == 0 && (r.batch == 1 || r.flying == 0)
	if len(r.next) == 0 && open {
		r.choose(may, now)
		r.stamp()
	}
	n := r.lanes.Waiting()
	r.metrics.waiting.Add(float64(n - r.lanesN))
	r.metrics.parked.Add(float64(r.lanes.Parked() - r.parkedN))
	r.lanesN, r.parkedN = n, r.lanes.Parked()
	if len(r.next) > 0 {
		return r.jobs
	}
	if may != passNone {
		var waiting bool
		at, waiting = r.lanes.Wake()
		open = open && waiting
	}
	if open && !at.IsZero() {
		r.timer.Reset(max(at.Sub(now), 0))
	}
	return nil
}

// choose takes from the lanes what may be sent.
func (r *run) choose(may pass, now time.Time) {
	switch may {
	case passAll:
		if last := len(r.rooms) - 1; r.next == nil && last >= 0 {
			r.next, r.rooms = r.rooms[last], r.rooms[:last]
		}
		r.next = r.lanes.Take(r.next, now, r.batch)
	case passProbe:
		if !r.gate.begin(now) {
			return
		}
		r.next = r.lanes.Probe(now)
		if r.probe = len(r.next) > 0; !r.probe {
			r.gate.cancel()
		}
	case passNone:
	}
}

// empty keeps items, which nobody needs any more, as room for others.
func (r *run) empty(items []Item) {
	clear(items)
	r.rooms = append(r.rooms, items[:0])
}

// stamp gives what goes out the epoch of the moment, because an event may wait in its lane while the fence is renewed. Until
// the partition has its own fence that is the last one taken: every event was appended under one.
func (r *run) stamp() {
	epoch := max(r.epoch(), r.last)
	for i := range r.next {
		r.next[i].Epoch = epoch
	}
}
