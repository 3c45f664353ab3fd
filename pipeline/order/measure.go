package order

import "math"

// measure is what was measured in one turn.
type measure struct {
	// delays has the delays of each source, from origin; brought counts what it brought.
	delays  []sketch
	brought [maxSources]float64
	// taken counts the delays, early those that are shorter than possible: a clock has stepped back.
	taken, early float64
	// events counts the events that were watched to the end.
	events float64
	// after has the times from an event to the arrival of the first that follows it, from origin.
	after sketch
	// firsts counts all events, needed has the holds that those needed which came behind others, up to max.
	firsts float64
	needed sketch
}

func newMeasure() *measure { return &measure{after: newSketch(), needed: newSketch()} }

func (m *measure) delay(source int, d float64) {
	for len(m.delays) <= source {
		m.delays = append(m.delays, newSketch())
	}
	m.delays[source].add(d, 1)
	m.taken++
	if d < -slack {
		m.early++
	}
}

// lowest returns the delay that the shortest twentieth stays below, of the source for which that is least.
func (m *measure) lowest() float64 {
	low := math.Inf(1)
	for _, d := range m.delays {
		if x, err := d.GetValueAtQuantile(0.05); err == nil && d.GetCount() >= tailPoints {
			low = min(low, x)
		}
	}
	if math.IsInf(low, 1) {
		return 0
	}
	return low
}

// of returns the delays of a source.
func (m *measure) of(source int) sketch {
	if source < len(m.delays) {
		return m.delays[source]
	}
	return newSketch()
}

func (m *measure) done(by uint32) {
	m.events++
	for i := range m.brought {
		m.brought[i] += float64(by >> i & 1)
	}
}
