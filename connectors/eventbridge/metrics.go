package eventbridge

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome says how a request ended.
type outcome string

const (
	stored          outcome = "stored"           // the journal has the notification
	notStored       outcome = "not_stored"       // the journal did not take it, or not in time
	notRunning      outcome = "not_running"      // before the start or during the stop
	busy            outcome = "busy"             // the memory for bodies is full
	cutOff          outcome = "cut_off"          // the body ended early or came too slowly
	unauthorized    outcome = "unauthorized"     // wrong or missing key
	wrongMethod     outcome = "method"           // not POST
	tooLarge        outcome = "too_large"        // more than 2 MiB
	encodingRefused outcome = "content_encoding" // a Content-Encoding other than identity
)

func outcomes() []outcome {
	return []outcome{
		stored, notStored, notRunning, busy, cutOff, unauthorized, wrongMethod, tooLarge, encodingRefused,
	}
}

// status is what the client is told.
func (o outcome) status() int {
	switch o {
	case stored:
		return http.StatusOK
	case unauthorized:
		return http.StatusUnauthorized
	case wrongMethod:
		return http.StatusMethodNotAllowed
	case tooLarge:
		return http.StatusRequestEntityTooLarge
	case encodingRefused:
		return http.StatusUnsupportedMediaType
	case notStored, notRunning, busy, cutOff:
		return http.StatusServiceUnavailable
	}
	return http.StatusServiceUnavailable
}

type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	factory := promauto.With(registerer)
	m := &metrics{
		requests: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_eventbridge_requests_total",
			Help: "Requests of API destinations by how they ended.",
		}, []string{"outcome"}),
		duration: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carillon_eventbridge_request_duration_seconds",
			Help:    "Time from the headers of a request to its answer, by how it ended. EventBridge gives up after 5 s.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 4, 5},
		}, []string{"outcome"}),
		inFlight: factory.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_eventbridge_requests_in_flight",
			Help: "Requests that are being handled.",
		}),
	}
	for _, o := range outcomes() {
		m.requests.WithLabelValues(string(o))
		m.duration.WithLabelValues(string(o))
	}
	return m
}
