package nats

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome is how a message ended, as it appears in the label outcome.
type outcome string

const (
	accepted    outcome = "accepted"    // acknowledged, or taken by the server in mode core
	duplicate   outcome = "duplicate"   // acknowledged as one that the stream has
	refused     outcome = "refused"     // an answer that may be another later
	throttled   outcome = "throttled"   // an answer that asks for a pause
	rejected    outcome = "rejected"    // an answer that is final for the event
	timedOut    outcome = "timeout"     // no answer in time
	unreachable outcome = "unreachable" // no connection, or it broke
	canceled    outcome = "canceled"    // the router stopped waiting
)

type metrics struct {
	messages  *prometheus.CounterVec
	seconds   prometheus.Histogram
	connected prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	with := promauto.With(reg)
	m := &metrics{
		messages: with.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_nats_messages_total", Help: "Messages by how they ended.",
		}, []string{"outcome"}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_nats_publish_duration_seconds", Help: "Time from sending messages together to the last of their answers.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		connected: with.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_nats_connected", Help: "Whether there is a connection to a server: 1 or 0.",
		}),
	}
	for _, o := range []outcome{accepted, duplicate, refused, throttled, rejected, timedOut, unreachable, canceled} {
		m.messages.WithLabelValues(string(o))
	}
	return m
}
