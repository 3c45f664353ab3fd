package ingest

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline/chime"
)

// reasonRefused is the quarantine reason of what was readable and does not fit the journal.
const reasonRefused chime.Reason = "refused_by_journal"

// metrics counts every notification once as received and once as stored, filtered, quarantined or failed (I2).
type metrics struct {
	received    prometheus.Counter
	stored      prometheus.Counter
	failed      prometheus.Counter
	filtered    map[chime.FilterReason]prometheus.Counter
	quarantined map[chime.Reason]prometheus.Counter
	lag         prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		received: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_ingest_received_total", Help: "Notifications taken out of what the source received, whatever became of them.",
		}),
		stored: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_ingest_stored_total", Help: "Notifications stored in RAW.",
		}),
		failed: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_ingest_failed_total", Help: "Notifications that found no place in the journal; the source was told to bring them again.",
		}),
		lag: f.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_ingest_lag_seconds", Help: "From event time to receipt by this router.", Buckets: LagBuckets(),
		}),
		filtered:    map[chime.FilterReason]prometheus.Counter{},
		quarantined: map[chime.Reason]prometheus.Counter{},
	}
	filtered := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_ingest_filtered_total", Help: "Notifications that are known not to be wanted, by reason.",
	}, []string{"reason"})
	for _, reason := range chime.FilterReasons() {
		m.filtered[reason] = filtered.WithLabelValues(string(reason))
	}
	quarantined := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_ingest_quarantined_total", Help: "Notifications stored in QUARANTINE, by reason.",
	}, []string{"reason"})
	for _, reason := range append(chime.Reasons(), reasonRefused) {
		m.quarantined[reason] = quarantined.WithLabelValues(string(reason))
	}
	return m
}

// LagBuckets returns the bounds, in seconds, of every histogram that begins at event time: from in-process speed to an outage.
func LagBuckets() []float64 {
	return []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400}
}
