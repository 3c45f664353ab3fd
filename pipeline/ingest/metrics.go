package ingest

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline/chime"
	"carillon/pipeline/telemetry"
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
	ahead       prometheus.Counter
	aheadBy     prometheus.Histogram
	success     prometheus.Gauge
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
		lag: f.NewHistogram(telemetry.Histogram("carillon_ingest_lag_seconds",
			"From event time to receipt by this router. Times ahead of its clock count as 0.", telemetry.LagBuckets())),
		ahead: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_ingest_ahead_total", Help: "Stored notifications whose event time was ahead of the clock of this router when they came.",
		}),
		aheadBy: f.NewHistogram(telemetry.Histogram("carillon_ingest_ahead_seconds",
			"By how much event times were ahead of the clock of this router.", telemetry.LagBuckets())),
		success: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_ingest_last_success_timestamp_seconds", Help: "When something that the source brought was last taken: stored, quarantined or filtered. 0 before.",
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

// arrived notes how long an event took to come. One from the future took no time, and tells of a clock that is wrong.
func (m *metrics) arrived(took time.Duration) {
	m.lag.Observe(max(took, 0).Seconds())
	if took < 0 {
		m.ahead.Inc()
		m.aheadBy.Observe(-took.Seconds())
	}
}
