package eventbridge

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/connectors/receive"
)

// outcome says how a request ended.
type outcome string

const (
	stored          outcome = "stored"           // the journal has the notification
	notStored       outcome = "not_stored"       // the journal did not take it, or not in time
	notRunning      outcome = "not_running"      // before the start or during the stop
	busy            outcome = "busy"             // the memory for bodies is full
	cutOff          outcome = "cut_off"          // the body ended early or came too slowly
	unauthorized    outcome = "unauthorized"     // see the reason
	keysUnavailable outcome = "keys_unavailable" // the issuer of tokens does not answer
	wrongMethod     outcome = "method"           // not POST
	tooLarge        outcome = "too_large"        // more than 2 MiB
	encodingRefused outcome = "content_encoding" // a Content-Encoding other than identity
)

func outcomes() []outcome {
	return []outcome{
		stored, notStored, notRunning, busy, cutOff, unauthorized, keysUnavailable, wrongMethod, tooLarge,
		encodingRefused,
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
	case notStored, notRunning, busy, cutOff, keysUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusServiceUnavailable
}

// The outcomes of fetching the keys of an issuer.
const (
	fetchGood        = "good"
	fetchUnavailable = "unavailable"
)

type metrics struct {
	denied  *prometheus.CounterVec
	fetches *prometheus.CounterVec
}

// newEndpoint counts requests by their outcome.
func newEndpoint(registerer prometheus.Registerer) *receive.Endpoint[outcome] {
	return receive.NewEndpoint(registerer, receive.EndpointOptions[outcome]{
		Component: "eventbridge", Timeout: handlingTimeout, Outcomes: outcomes(), NotRunning: notRunning,
		Requests: "Requests of API destinations by how they ended.",
		Duration: "Time from the headers of a request to its answer, by how it ended. EventBridge gives up after 5 s.",
		Buckets:  []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 4, 5},
	})
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	factory := promauto.With(registerer)
	m := &metrics{
		denied: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_eventbridge_denials_total",
			Help: "Requests that did not prove who sent them, by reason.",
		}, []string{"reason"}),
		fetches: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_eventbridge_key_fetches_total",
			Help: "Fetches of the keys that tokens are signed with, by outcome.",
		}, []string{"outcome"}),
	}
	m.create()
	return m
}

func (m *metrics) create() {
	for _, d := range denials() {
		m.denied.WithLabelValues(string(d))
	}
	for _, f := range []string{fetchGood, fetchUnavailable} {
		m.fetches.WithLabelValues(f)
	}
}

func (m *metrics) fetchedKeys(err error) {
	outcome := fetchGood
	if err != nil {
		outcome = fetchUnavailable
	}
	m.fetches.WithLabelValues(outcome).Inc()
}
