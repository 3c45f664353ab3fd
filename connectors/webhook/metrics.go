package webhook

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome is how a request ended, as it appears in the label outcome.
type outcome string

const (
	accepted    outcome = "accepted"    // 2xx
	retried     outcome = "retry"       // an answer that asks for another try
	throttled   outcome = "throttled"   // an answer that names a pause
	rejected    outcome = "rejected"    // an answer that is final
	timedOut    outcome = "timeout"     // no answer in time
	unreachable outcome = "unreachable" // no connection, or it broke
	canceled    outcome = "canceled"    // the router stopped waiting
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	with := promauto.With(reg)
	m := &metrics{
		requests: with.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_webhook_requests_total", Help: "Requests by how they ended.",
		}, []string{"outcome"}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_webhook_request_duration_seconds", Help: "Time from the start of a request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
	}
	for _, o := range []outcome{accepted, retried, throttled, rejected, timedOut, unreachable, canceled} {
		m.requests.WithLabelValues(string(o))
	}
	return m
}
