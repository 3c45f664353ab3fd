package order

import (
	"slices"
	"time"

	"carillon/pipeline/chime"
)

const (
	// target is how many events in all that arrive within max may be too late.
	target = 10e-6
	// enough is how many events a measure needs before its window is believed.
	enough = 60
	// warmUp is how many delays show where the delays of this clock begin.
	warmUp = 50
	// turn is after how long the older half of what was measured is forgotten, turnEvents how many events that takes.
	turn       = 5 * time.Minute
	turnEvents = 600
	// every is the time between two looks at what was measured.
	every = 10 * time.Second
	// slack is by how many seconds delays may be shorter than any that was seen before a clock has stepped.
	slack = 0.2
	// watched bounds the events whose copies are waited for at once; more come unwatched.
	watched = 4096
	// maxSources bounds the sources that are told apart.
	maxSources = 32
)

// adaptive is the window of mode adaptive. It measures, in log time, how long each source takes to bring an event, how often
// it does not bring it at all, and how soon the first of the events that follow arrives; it computes from these how often a
// window would be too short, and takes the shortest that is not, too often.
type adaptive struct {
	min, max time.Duration
	window   time.Duration
	meetings map[string]*followers
	sources  map[string]int
	// waiting are the watched events by arrival, from begin on; index finds them.
	waiting []watch
	begin   int
	index   map[chime.Identity]int
	// early holds the first measurements until origin is known: where the delays begin, which has the difference of the two
	// clocks in it.
	early  []early
	origin float64
	known  bool
	// beyond is where no shortest delay lies unless a clock has stepped.
	beyond float64
	// measures are the older and the younger half of what was measured; since is when the younger began.
	older, younger *measure
	since, looked  time.Time
}

// noSource marks what is not a delay.
const noSource = -1

// early is a delay of a source, or, for noSource, the time until the first event that follows arrived, of so many events.
type early struct {
	source, events int
	seconds        float64
}

// watch is an event whose copies are waited for.
type watch struct {
	id chime.Identity
	at time.Time
	by uint32 // the sources that brought it
}

func newAdaptive(c Config) *adaptive {
	return &adaptive{
		min: c.Adaptive.Min, max: c.Adaptive.Max, window: min(max(c.Window, c.Adaptive.Min), c.Adaptive.Max),
		meetings: make(map[string]*followers), sources: make(map[string]int), index: make(map[chime.Identity]int),
		older: newMeasure(), younger: newMeasure(),
	}
}

func (a *adaptive) current() time.Duration { return a.window }

func (a *adaptive) forget(key string) { delete(a.meetings, key) }

func (a *adaptive) observe(now time.Time, x arrival, first bool) {
	if now.Before(a.looked) {
		now = a.looked // Log time never goes back; if it does all the same, nothing is learnt from that.
	}
	source := a.source(x.source)
	if first {
		a.follow(now, x)
	}
	a.watch(now, x, source, first)
	a.finish(now)
	if now.Sub(a.looked) >= every {
		a.look(now)
	}
}

// source returns the number of a source. Those beyond the limit share the last one.
func (a *adaptive) source(name string) int {
	n, ok := a.sources[name]
	if !ok {
		n = min(len(a.sources), maxSources-1)
		a.sources[name] = n
	}
	return n
}

// follow measures how soon the first event that follows arrives.
func (a *adaptive) follow(now time.Time, x arrival) {
	f, ok := a.meetings[x.key]
	if !ok {
		f = &followers{}
		a.meetings[x.key] = f
	}
	seen := f.arrive(now, x.time)
	if seen.events > 0 {
		a.take(early{source: noSource, events: seen.events, seconds: seen.after.Seconds()})
	}
	a.younger.firsts++
	if seen.needed > 0 && seen.needed <= a.max {
		a.younger.needed.add(seen.needed.Seconds(), 1)
	}
}

// take puts a measurement where it belongs.
func (a *adaptive) take(e early) {
	switch {
	case !a.known:
		a.early = append(a.early, e)
	case e.source == noSource:
		a.younger.after.add(e.seconds-a.origin, e.events)
	default:
		a.younger.delay(e.source, e.seconds-a.origin)
	}
}

// begins sets where the delays begin, once enough of them are known: a little below the shortest twentieth, so that a few
// events with a wrong time do not matter.
func (a *adaptive) begins() {
	var delays []float64
	for _, e := range a.early {
		if e.source != noSource {
			delays = append(delays, e.seconds)
		}
	}
	if len(delays) < warmUp {
		return
	}
	slices.Sort(delays)
	low, median := delays[len(delays)/20], delays[len(delays)/2]
	a.origin, a.known = low-0.3*(median-low), true
	a.beyond = a.origin + 4*(median-a.origin) + slack
	for _, e := range a.early {
		a.take(e)
	}
	a.early = nil
}

// stepped forgets everything when a clock has stepped: when the delays begin elsewhere now. The window stays until enough is
// measured anew.
func (a *adaptive) stepped(now time.Time) {
	if early := a.younger.early; early < 10 || early < a.younger.taken/20 {
		if low := a.younger.lowest(); !a.turns(now) || low+a.origin < a.beyond {
			return
		}
	}
	a.known, a.since = false, now
	a.older, a.younger = newMeasure(), newMeasure()
}

// turns reports whether it is time to forget the older half.
func (a *adaptive) turns(now time.Time) bool {
	return now.Sub(a.since) >= turn && a.younger.events >= turnEvents
}

// watch measures the delay of a source's first copy of an event.
func (a *adaptive) watch(now time.Time, x arrival, source int, first bool) {
	delay := since(now, x.time).Seconds()
	i, ok := a.index[x.id]
	if first && !ok && len(a.index) < watched {
		i, ok = len(a.waiting), true
		a.index[x.id] = i
		a.waiting = append(a.waiting, watch{id: x.id, at: now})
	}
	if !ok || a.waiting[i].by&(1<<source) != 0 {
		return // A repeat, or a copy of something that is not watched.
	}
	a.waiting[i].by |= 1 << source
	a.take(early{source: source, seconds: delay})
	if !a.known {
		a.begins()
	}
}

// finish stops waiting for the copies of events that came more than max ago: what has not come by then is lost.
func (a *adaptive) finish(now time.Time) {
	for a.begin < len(a.waiting) && now.Sub(a.waiting[a.begin].at) > a.max {
		w := &a.waiting[a.begin]
		delete(a.index, w.id)
		a.younger.done(w.by)
		a.begin++
	}
	if a.begin > watched {
		a.waiting = slices.Delete(a.waiting, 0, a.begin)
		for i := range a.waiting {
			a.index[a.waiting[i].id] = i
		}
		a.begin = 0
	}
}

// look takes another window if what was measured says so, and forgets what is old.
func (a *adaptive) look(now time.Time) {
	if a.looked.IsZero() {
		a.since = now
	}
	a.looked = now
	a.stepped(now)
	if w, ok := estimate(a.older, a.younger, len(a.sources), a.max.Seconds()); ok {
		a.window = min(max(time.Duration(w*float64(time.Second)), a.min), a.max)
	}
	if a.turns(now) {
		a.older, a.younger, a.since = a.younger, newMeasure(), now
	}
}
