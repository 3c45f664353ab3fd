package demo

import (
	"time"

	dto "github.com/prometheus/client_model/go"

	"carillon/pipeline/simulate"
)

// Snapshot is how far a run is.
type Snapshot struct {
	// Received is how many notifications reached the router, Planned how many are sent in all; both also by path.
	Received, Planned int
	Paths             []PathSnapshot
	// Witnesses, Quarantined, Filtered and Held are the router's own counts.
	Witnesses, Quarantined, Filtered, Held int
	// Delivered is how many distinct events the sink has, Expected how many some path carries.
	Delivered, Expected int
	// Lag is the median time from event to sink of what was delivered since the last snapshot; 0 when nothing was.
	Lag time.Duration
}

// PathSnapshot is how far one path is.
type PathSnapshot struct {
	Path              simulate.Path
	Received, Planned int
}

// complete reports whether everything arrived and everything expected came out. Rubbish and repeats that are still on their
// way could hide a mistake, so they are waited for too.
func (s Snapshot) complete() bool {
	return s.Received >= s.Planned && s.Delivered >= s.Expected && s.Held == 0
}

func (r *run) snapshot() Snapshot {
	m := r.gather()
	s := Snapshot{
		Planned: len(r.plan), Received: m.sum("carillon_ingest_received_total"),
		Witnesses: m.sum("carillon_dedupe_witnesses_total"), Quarantined: m.sum("carillon_ingest_quarantined_total"),
		Filtered: m.sum("carillon_ingest_filtered_total"), Held: m.sum("carillon_order_held_events"),
	}
	s.Delivered, s.Expected, s.Lag = r.collect.progress()
	planned := make(map[simulate.Path]int)
	for _, d := range r.plan {
		planned[d.Path]++
	}
	received := m.bySource("carillon_ingest_received_total")
	for _, p := range []simulate.Path{simulate.PathSQS, simulate.PathSNS, simulate.PathEventBridge} {
		s.Paths = append(s.Paths, PathSnapshot{Path: p, Received: received[string(p)], Planned: planned[p]})
	}
	return s
}

// observed returns what only the router can tell.
func (r *run) observed() simulate.Observed {
	m := r.gather()
	return simulate.Observed{
		Witnesses: m.sum("carillon_dedupe_witnesses_total"), Quarantined: m.sum("carillon_ingest_quarantined_total"),
		Filtered: m.sum("carillon_ingest_filtered_total"), ReceivedBySource: m.bySource("carillon_ingest_received_total"),
	}
}

// families are the metrics of the router, as Prometheus would read them.
type families map[string]*dto.MetricFamily

func (r *run) gather() families {
	out := make(families)
	list, err := r.registry.Gather()
	if err != nil {
		return out
	}
	for _, f := range list {
		out[f.GetName()] = f
	}
	return out
}

func number(m *dto.Metric) int { return int(m.GetCounter().GetValue() + m.GetGauge().GetValue()) }

func (f families) sum(name string) int {
	n := 0
	for _, m := range f[name].GetMetric() {
		n += number(m)
	}
	return n
}

func (f families) bySource(name string) map[string]int {
	out := make(map[string]int)
	for _, m := range f[name].GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == "source" {
				out[l.GetValue()] += number(m)
			}
		}
	}
	return out
}
