package order

import "math"

// path is how one source behaves: it brings an event with probability brings, after a delay.
type path struct {
	brings float64
	delay  tail
}

// estimate returns the shortest window in seconds that is too short for no more than the target; false when too little was
// measured.
func estimate(a, b *measure, sources int, limit float64) (float64, bool) {
	events := a.events + b.events
	if events < enough {
		return 0, false
	}
	var paths []path
	for i := range sources {
		if brought := a.brought[i] + b.brought[i]; brought >= tailPoints {
			paths = append(paths, path{brings: brought / events, delay: merged(a.of(i), b.of(i)).fit()})
		}
	}
	computed := shortestWindow(newFirstCopy(paths, limit), merged(a.after, b.after))
	return max(computed, seenNeeded(merged(a.needed, b.needed), a.firsts+b.firsts)), true
}

func merged(a, b sketch) sketch {
	s := newSketch()
	_ = s.MergeWith(a.DDSketch) // It fails only for sketches of another accuracy.
	_ = s.MergeWith(b.DDSketch)
	return s
}

// seenNeeded returns the hold that more events have needed than chance explains with the target, of so many events: two at
// least. It speaks up where delays are not what the computation takes them for, such as independent.
func seenNeeded(needed sketch, events float64) float64 {
	mean := target * events
	rank := math.Floor(mean+3*math.Sqrt(mean)) + 2
	n := needed.GetCount()
	if n <= rank {
		return 0
	}
	hold, err := needed.GetValueAtQuantile(1 - (rank+1)/n)
	if err != nil {
		return 0
	}
	return hold
}

// firstCopy is the distribution of the delay with which the first copy of an event comes, of those that come within the limit.
type firstCopy struct {
	paths   []path
	limit   float64
	tooSlow float64 // the share that takes longer
}

func newFirstCopy(paths []path, limit float64) firstCopy {
	f := firstCopy{paths: paths, limit: limit}
	f.tooSlow = f.longer(limit)
	return f
}

// above returns the share of events whose first copy takes longer than x, and no longer than the limit.
func (f firstCopy) above(x float64) float64 {
	if x >= f.limit {
		return 0
	}
	return f.longer(x) - f.tooSlow
}

func (f firstCopy) longer(x float64) float64 {
	share := 1.0
	for _, p := range f.paths {
		share *= 1 - p.brings + p.brings*p.delay.above(x)
	}
	return share
}

// bin is how many events have the first of those that follow after so many seconds.
type bin struct{ after, events float64 }

// coarse is the ratio of neighbouring bins.
const coarse = 1.05

// binsBelow returns the bins of a sketch that matter for windows up to the limit.
func binsBelow(s sketch, limit float64) []bin {
	var bins []bin
	s.ForEach(func(x, n float64) bool {
		switch k := len(bins) - 1; {
		case x >= limit:
			return true
		case k >= 0 && x < bins[k].after*coarse:
			bins[k].events += n
		default:
			bins = append(bins, bin{after: x, events: n})
		}
		return false
	})
	return bins
}

// shortestWindow halves its way to the window for which as many events are late as the target allows. An event is late when
// its delay exceeds the time until the first that follows arrived by the window or more: the two are of different events and
// independent.
func shortestWindow(f firstCopy, after sketch) float64 {
	bins, events := binsBelow(after, f.limit), after.GetCount()
	late := func(w float64) float64 {
		sum := 0.0
		for _, b := range bins {
			sum += b.events * f.above(w+b.after)
		}
		return sum
	}
	lo, hi := f.limit/4096, f.limit
	for hi/lo > 1.002 {
		mid := math.Sqrt(lo * hi)
		if late(mid) > target*events {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
