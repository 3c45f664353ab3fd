package file

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
}

func newMetrics(reg prometheus.Registerer) *metrics {
	with := promauto.With(reg)
	m := &metrics{
		events: with.NewCounter(prometheus.CounterOpts{
			Name: "carillon_file_written_events_total", Help: "Events whose whole line was written.",
		}),
		bytes: with.NewCounter(prometheus.CounterOpts{
			Name: "carillon_file_written_bytes_total", Help: "Bytes of events whose whole line was written.",
		}),
		writes: with.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_file_writes_total", Help: "Batches by outcome: all of it written, a part of it, or nothing.",
		}, []string{"outcome"}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_file_write_duration_seconds", Help: "Time that a batch took, with the sync if there is one.",
			Buckets: prometheus.ExponentialBuckets(1e-5, 4, 11),
		}),
		torn: with.NewCounter(prometheus.CounterOpts{
			Name: "carillon_file_torn_lines_total", Help: "Half lines that were ended with a newline because they could not be cut off.",
		}),
	}
	for _, outcome := range []string{outcomeWritten, outcomePartial, outcomeFailed} {
		m.writes.WithLabelValues(outcome)
	}
	return m
}
