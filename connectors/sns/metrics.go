package sns

import (
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/connectors/receive"
)

// outcome says how a request ended.
type outcome string

const (
	stored                 outcome = "stored"                  // the journal has the notification
	confirmed              outcome = "confirmed"               // a subscription was confirmed
	unconfirmed            outcome = "unconfirmed"             // one was not, because confirm is false
	unsubscribed           outcome = "unsubscribed"            // somebody ended a subscription
	challenged             outcome = "challenged"              // asked for a password: SNS sends it only then
	refused                outcome = "refused"                 // for good, see the reason
	notStored              outcome = "not_stored"              // the journal did not take it, or not in time
	notConfirmed           outcome = "not_confirmed"           // the SNS API did not take the confirmation
	certificateUnavailable outcome = "certificate_unavailable" // it could not be fetched now
	notRunning             outcome = "not_running"             // before the start or during the stop
	busy                   outcome = "busy"                    // the memory for bodies is full
	cutOff                 outcome = "cut_off"                 // the body ended early or came too slowly
)

func outcomes() []outcome {
	return []outcome{
		stored, confirmed, unconfirmed, unsubscribed, challenged, refused,
		notStored, notConfirmed, certificateUnavailable, notRunning, busy, cutOff,
	}
}

// status is what SNS is told, where no reason says more. Below 500 it does not try again.
func (o outcome) status() int {
	switch o {
	case stored, confirmed, unconfirmed, unsubscribed:
		return http.StatusOK
	case challenged:
		return http.StatusUnauthorized
	case refused:
		return http.StatusForbidden
	case notStored, notConfirmed, certificateUnavailable, notRunning, busy, cutOff:
		return http.StatusServiceUnavailable
	}
	return http.StatusServiceUnavailable
}

// The outcomes of fetching a certificate.
const (
	fetchGood        = "good"
	fetchRefused     = "refused"
	fetchUnavailable = "unavailable"
)

// The outcomes of subscribing to a topic.
const (
	subscribeGood   = "good"
	subscribeFailed = "failed"
)

type metrics struct {
	refusals *prometheus.CounterVec
	fetches  *prometheus.CounterVec
	// subscriptions counts what subscribe did.
	subscriptions *prometheus.CounterVec
}

// newEndpoint counts requests by their outcome.
func newEndpoint(registerer prometheus.Registerer) *receive.Endpoint[outcome] {
	return receive.NewEndpoint(registerer, receive.EndpointOptions[outcome]{
		Component: "sns", Timeout: handlingTimeout, Outcomes: outcomes(), NotRunning: notRunning,
		Requests: "Requests to the SNS endpoint by how they ended.",
		Duration: "Time from the headers of a request to its answer, by how it ended. SNS gives up after 15 s.",
		Buckets:  []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 12, 15},
	})
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	factory := promauto.With(registerer)
	m := &metrics{
		refusals: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_sns_refusals_total",
			Help: "Requests that were refused for good, by reason.",
		}, []string{"reason"}),
		fetches: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_sns_certificate_fetches_total",
			Help: "Fetches of signing certificates by outcome.",
		}, []string{"outcome"}),
		subscriptions: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_sns_subscribes_total",
			Help: "Attempts to subscribe a topic to this endpoint, by outcome.",
		}, []string{"outcome"}),
	}
	m.create()
	return m
}

func (m *metrics) create() {
	for _, r := range reasons() {
		m.refusals.WithLabelValues(string(r))
	}
	for _, f := range []string{fetchGood, fetchRefused, fetchUnavailable} {
		m.fetches.WithLabelValues(f)
	}
	for _, o := range []string{subscribeGood, subscribeFailed} {
		m.subscriptions.WithLabelValues(o)
	}
}

func (m *metrics) fetched(err error) {
	outcome := fetchGood
	switch {
	case errors.Is(err, errUnavailable):
		outcome = fetchUnavailable
	case err != nil:
		outcome = fetchRefused
	}
	m.fetches.WithLabelValues(outcome).Inc()
}

func (m *metrics) subscribed(err error) {
	outcome := subscribeGood
	if err != nil {
		outcome = subscribeFailed
	}
	m.subscriptions.WithLabelValues(outcome).Inc()
}
