package redis

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome is how an entry ended, as it appears in the label outcome.
type outcome string

const (
	accepted    outcome = "accepted"    // appended
	refused     outcome = "refused"     // an answer that may be another later
	throttled   outcome = "throttled"   // an answer that asks for a pause
	rejected    outcome = "rejected"    // it can never be appended
	held        outcome = "held"        // not sent, because an earlier one of its meeting failed
	timedOut    outcome = "timeout"     // no answer in time
	unreachable outcome = "unreachable" // no connection, or it broke
	canceled    outcome = "canceled"    // the router stopped waiting
)

type metrics struct {
	entries *prometheus.CounterVec
	seconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	with := promauto.With(reg)
	m := &metrics{
		entries: with.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_redis_entries_total", Help: "Entries by how they ended.",
		}, []string{"outcome"}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_redis_transaction_duration_seconds", Help: "Time from the start of a transaction to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
	}
	for _, o := range []outcome{accepted, refused, throttled, rejected, held, timedOut, unreachable, canceled} {
		m.entries.WithLabelValues(string(o))
	}
	return m
}
