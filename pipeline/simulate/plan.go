package simulate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Rubbish says what a delivery is that carries no event.
type Rubbish string

const (
	// RubbishNone is a delivery that carries an event.
	RubbishNone Rubbish = ""
	// RubbishUnreadable is a body that belongs into quarantine. No two of a plan are equal.
	RubbishUnreadable Rubbish = "unreadable"
	// RubbishCloudTrail is the record of an API call, which belongs to what is filtered. No two of a plan are equal.
	RubbishCloudTrail Rubbish = "cloudtrail"
)

// NoEvent is Delivery.Event of rubbish.
const NoEvent = -1

// Delivery is one arrival of one body over one path.
type Delivery struct {
	// At is when the body arrives, on the clock of the event times.
	At time.Time
	// Path is what it comes over.
	Path Path
	// Event is the index in Truth.Events, or NoEvent.
	Event int
	// Repeat says that the same body came over the same path before.
	Repeat bool
	// Rubbish is set when Event is NoEvent.
	Rubbish Rubbish
	// Body is what the path carries; for PathSNS the content of Message. A repeat shares its memory with the first
	// delivery: it must not be changed.
	Body []byte
}

// Plan sends the events of t, which Generate made from p, over every path of p and returns all deliveries sorted by At. An
// event that every path lost is not in it.
func Plan(p Profile, t Truth) []Delivery {
	var plan []Delivery
	for i, path := range p.Paths {
		plan = path.carry(plan, p, t, uint64(i))
	}
	plan = append(plan, rubbish(p, plan)...)
	slices.SortStableFunc(plan, func(a, b Delivery) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Event, b.Event))
	})
	return plan
}

// carry appends the deliveries of one path.
func (pp PathProfile) carry(plan []Delivery, p Profile, t Truth, number uint64) []Delivery {
	d := newDice(p.Seed, streamPaths+number)
	w := writer{dice: d, path: pp.Path, variety: p.Variety}
	for i := range t.Events {
		e := &t.Events[i]
		if d.chance(pp.Loss) {
			continue
		}
		arrival := time.UnixMilli(e.Time).Sub(p.Start) + pp.Skew + d.logNormal(pp.Median, pp.P99)
		first := Delivery{
			At:    p.Start.Add(pp.unstall(arrival, p.Seed, number)),
			Path:  pp.Path,
			Event: i,
			Body:  w.body(e),
		}
		plan = append(plan, first)
		if d.chance(pp.Repeat) {
			again := first
			again.Repeat = true
			again.At = first.At.Add(time.Duration(d.ExpFloat64() * float64(pp.RepeatAfter)))
			plan = append(plan, again)
		}
	}
	return plan
}

// unstall moves an arrival that falls into a stall of the path behind it. Both are counted from the start of the run; the
// arrival itself seeds the place in the burst, so the order in it has nothing to do with the order before.
func (pp PathProfile) unstall(arrival time.Duration, seed, number uint64) time.Duration {
	const burst = 20 * time.Millisecond
	if pp.StallLength == 0 {
		return arrival
	}
	round := arrival.Truncate(pp.StallEvery)
	d := newDiceAt(seed, streamStalls+number, round)
	begin := round + time.Duration(d.between(0, float64(pp.StallEvery-pp.StallLength)))
	if arrival < begin || arrival >= begin+pp.StallLength {
		return arrival
	}
	place := newDiceAt(seed, streamBursts+number, arrival)
	return begin + pp.StallLength + time.Duration(place.between(0, float64(burst)))
}

// rubbish returns what comes along with the plan and carries no event, spread over its time.
func rubbish(p Profile, plan []Delivery) []Delivery {
	if len(plan) == 0 {
		return nil
	}
	d := newDice(p.Seed, streamRubbish)
	first, last := plan[0].At, plan[0].At
	for _, x := range plan {
		if x.At.Before(first) {
			first = x.At
		}
		if x.At.After(last) {
			last = x.At
		}
	}
	moment := func() time.Time { return first.Add(time.Duration(d.between(0, float64(last.Sub(first))))) }
	var out []Delivery
	for n := range portion(p.Unreadable, len(plan)) {
		w := writer{dice: d, path: p.Paths[d.IntN(len(p.Paths))].Path}
		at := moment()
		out = append(out, Delivery{At: at, Path: w.path, Event: NoEvent, Rubbish: RubbishUnreadable, Body: w.unreadable(n, at)})
	}
	for n := range portion(p.CloudTrail, len(plan)) {
		w := writer{dice: d, path: PathEventBridge}
		at := moment()
		out = append(out, Delivery{At: at, Path: w.path, Event: NoEvent, Rubbish: RubbishCloudTrail, Body: w.cloudTrail(n, at)})
	}
	return out
}

// portion is the share of n, and at least 1 when there is a share at all.
func portion(share float64, n int) int {
	if share == 0 {
		return 0
	}
	return max(1, int(math.Round(share*float64(n))))
}
