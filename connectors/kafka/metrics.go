package kafka

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome is how a record ended, as it appears in the label outcome.
type outcome string

const (
	accepted    outcome = "accepted"    // all replicas in sync have it
	refused     outcome = "refused"     // an answer that may be another later
	throttled   outcome = "throttled"   // an answer that asks for a pause
	rejected    outcome = "rejected"    // an answer that is final for the event
	timedOut    outcome = "timeout"     // no answer in time; the record is still on its way
	unreachable outcome = "unreachable" // it could not be sent
	canceled    outcome = "canceled"    // the router stopped waiting
)

type metrics struct {
	records *prometheus.CounterVec
	alone   prometheus.Counter
	seconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	with := promauto.With(reg)
	m := &metrics{
		records: with.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_kafka_records_total", Help: "Records by how they ended.",
		}, []string{"outcome"}),
		alone: with.NewCounter(prometheus.CounterOpts{
			Name: "carillon_kafka_alone_total", Help: "Records that were refused with others and therefore sent alone.",
		}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_kafka_produce_duration_seconds", Help: "Time from sending records together to the last of their answers.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
	}
	for _, o := range []outcome{accepted, refused, throttled, rejected, timedOut, unreachable, canceled} {
		m.records.WithLabelValues(string(o))
	}
	return m
}

// ended counts n records that ended in the same way.
func (m *metrics) ended(as outcome, n int) { m.records.WithLabelValues(string(as)).Add(float64(n)) }
