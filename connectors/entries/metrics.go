package entries

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline"
)

// The outcomes of entries and calls, as they appear in the label outcome.
const (
	outcomeAccepted = "accepted"
	outcomeRetry    = "retry"
	outcomeThrottle = "throttled"
	outcomeReject   = "rejected"
	outcomeAnswered = "answered" // a call, whatever became of its entries
	outcomeFailed   = "failed"   // a call as a whole
)

// metrics count what a sink sends.
type metrics struct {
	entries *prometheus.CounterVec
	calls   *prometheus.CounterVec
	seconds prometheus.Histogram
}

// newMetrics registers carillon_<component>_sent_entries_total and others.
func newMetrics(reg prometheus.Registerer, component string) *metrics {
	with := promauto.With(reg)
	prefix := "carillon_" + component + "_"
	m := &metrics{
		entries: with.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "sent_entries_total", Help: "Entries of calls by what became of them.",
		}, []string{"outcome"}),
		calls: with.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "send_calls_total", Help: "Calls that send events by whether they were answered.",
		}, []string{"outcome"}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: prefix + "send_duration_seconds", Help: "Time from the start of a call that sends events to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
	}
	for _, o := range []string{outcomeAccepted, outcomeRetry, outcomeThrottle, outcomeReject} {
		m.entries.WithLabelValues(o)
	}
	for _, o := range []string{outcomeAnswered, outcomeFailed} {
		m.calls.WithLabelValues(o)
	}
	return m
}

// called counts a call that took so long, and the answers to its entries.
func (m *metrics) called(took time.Duration, answers []error, err error) {
	m.seconds.Observe(took.Seconds())
	if err != nil {
		m.calls.WithLabelValues(outcomeFailed).Inc()
		return
	}
	m.calls.WithLabelValues(outcomeAnswered).Inc()
	for _, answer := range answers {
		m.entries.WithLabelValues(outcomeOf(answer)).Inc()
	}
}

func outcomeOf(err error) string {
	if err == nil {
		return outcomeAccepted
	}
	switch class, _ := pipeline.Classify(err); class {
	case pipeline.ClassReject:
		return outcomeReject
	case pipeline.ClassThrottle:
		return outcomeThrottle
	case pipeline.ClassRetry, pipeline.ClassFatal:
	}
	return outcomeRetry
}
