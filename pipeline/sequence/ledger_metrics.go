package sequence

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline/chime"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/telemetry"
)

// ledgerMetrics tell what each path is worth. A nil map counts nothing.
type ledgerMetrics struct {
	missed    map[string]prometheus.Counter
	lead      map[string]prometheus.Observer
	differs   map[string]prometheus.Counter
	judged    prometheus.Counter
	unjudged  prometheus.Counter
	splits    prometheus.Counter
	tolerated prometheus.Counter
}

func newLedgerMetrics(f promauto.Factory, sources []string) ledgerMetrics {
	m := ledgerMetrics{
		missed: map[string]prometheus.Counter{}, lead: map[string]prometheus.Observer{}, differs: map[string]prometheus.Counter{},
		judged: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_dedupe_judged_total", Help: "Events that were watched for the whole grace: what missed counts against.",
		}),
		unjudged: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_dedupe_unjudged_total", Help: "Events of which nobody can say who missed them: not watched without a break, from before the start, or known to come over one path only.",
		}),
		splits: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_dedupe_suspected_splits_total", Help: "Pairs of events that differ in nothing but a timestamp, by at most 2 s, and came over different sources: one event, perhaps, and a case for identity.time_tolerance.",
		}),
		tolerated: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_dedupe_tolerated_total", Help: "Witnesses that are copies only because of identity.time_tolerance.",
		}),
	}
	missed := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_dedupe_missed_total", Help: "Judged events that a source did not bring within the grace although another one of its group did.",
	}, []string{"source"})
	lead := f.NewHistogramVec(telemetry.Histogram("carillon_dedupe_lead_seconds",
		"By how much the source that brought an event first was ahead of each other one.",
		[]float64{0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 14400}), []string{"source"})
	for _, s := range sources {
		m.missed[s], m.lead[s] = missed.WithLabelValues(s), lead.WithLabelValues(s)
	}
	m.lead[otherSource] = lead.WithLabelValues(otherSource)
	differs := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_dedupe_disagreements_total", Help: "Copies whose detail differs from the first copy of their event, by member. Of a busy stream a sample is compared.",
	}, []string{"field"})
	for _, name := range chime.Compared() {
		m.differs[name] = differs.WithLabelValues(name)
	}
	return m
}

// witness counts what a copy told, once for each record.
func (m *ledgerMetrics) witness(j dedupe.Judgement) {
	if j.Tolerated {
		m.tolerated.Inc()
	}
	for _, name := range j.Differs {
		m.differs[name].Inc()
	}
	if j.HasLead {
		lead, known := m.lead[j.First]
		if !known {
			lead = m.lead[otherSource]
		}
		lead.Observe(j.Lead.Seconds())
	}
}

// found counts what the ledger found about events.
func (m *ledgerMetrics) found(f dedupe.Findings, sources []dedupe.Source) {
	m.judged.Add(float64(f.Judged))
	m.unjudged.Add(float64(f.Unjudged))
	m.splits.Add(float64(f.Splits))
	for i, n := range f.Missed {
		if n > 0 {
			if missed, known := m.missed[sources[i].ID]; known {
				missed.Add(float64(n))
			}
		}
	}
}
