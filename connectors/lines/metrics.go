package lines

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The outcomes of a batch, as they appear in the label outcome.
const (
	outcomeWritten = "written"
	outcomePartial = "partial"
	outcomeFailed  = "failed"
)

type metrics struct {
	events  prometheus.Counter
	bytes   prometheus.Counter
	writes  *prometheus.CounterVec
	seconds prometheus.Histogram
	torn    prometheus.Counter
	// unsynced counts syncs that failed.
	unsynced prometheus.Counter
}

// newMetrics names them after the component: file or stdout.
func newMetrics(reg prometheus.Registerer, component string) *metrics {
	with, prefix := promauto.With(reg), "carillon_"+component
	m := &metrics{
		events: with.NewCounter(prometheus.CounterOpts{
			Name: prefix + "_written_events_total", Help: "Events whose whole line was written.",
		}),
		bytes: with.NewCounter(prometheus.CounterOpts{
			Name: prefix + "_written_bytes_total", Help: "Bytes of events whose whole line was written.",
		}),
		writes: with.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "_writes_total", Help: "Batches by outcome: all of it written, a part of it, or nothing.",
		}, []string{"outcome"}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: prefix + "_write_duration_seconds", Help: "Time that a batch took, with the sync if there is one.",
			Buckets: prometheus.ExponentialBuckets(1e-5, 4, 11),
		}),
		torn: with.NewCounter(prometheus.CounterOpts{
			Name: prefix + "_torn_lines_total", Help: "Half lines that were ended with a newline because they could not be cut off.",
		}),
		unsynced: with.NewCounter(prometheus.CounterOpts{
			Name: prefix + "_sync_failures_total", Help: "Syncs that failed: with fsync: interval what was accepted since the last one may be lost.",
		}),
	}
	for _, outcome := range []string{outcomeWritten, outcomePartial, outcomeFailed} {
		m.writes.WithLabelValues(outcome)
	}
	return m
}
