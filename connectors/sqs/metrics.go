package sqs

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// outcome is how something ended, as it appears in the label outcome.
type outcome string

const (
	brought   outcome = "messages"  // a poll brought messages
	empty     outcome = "empty"     // a poll brought none
	throttled outcome = "throttled" // SQS asked for a pause
	denied    outcome = "denied"    // credentials or permissions
	failed    outcome = "error"     // any other failure
	deleted   outcome = "deleted"   // deleted for good
	gone      outcome = "gone"      // the handle is not valid any more; the message may come again
	retried   outcome = "retry"     // not deleted, and tried again
	abandoned outcome = "abandoned" // not deleted, and given up; the message comes again
	extended  outcome = "extended"  // the visibility was extended
	read      outcome = "read"      // the queue told how many messages it holds
)

// The states of messages in the queue.
const (
	stateVisible  = "visible"   // waiting to be received
	stateInFlight = "in_flight" // received by somebody and not deleted
	stateDelayed  = "delayed"   // sent, and not to be received yet
)

type metrics struct {
	receives    *prometheus.CounterVec
	messages    prometheus.Counter
	repeats     prometheus.Counter
	corrupt     prometheus.Counter
	unconfirmed prometheus.Counter
	left        prometheus.Counter
	deletes     *prometheus.CounterVec
	extensions  *prometheus.CounterVec
	age         prometheus.Histogram
	attempts    prometheus.Histogram
	samples     *prometheus.CounterVec
	queue       *prometheus.GaugeVec
	oldest      prometheus.Gauge
}

// newMetrics registers everything; inHand tells how many messages are in hand now, and pollers how many poll.
func newMetrics(reg prometheus.Registerer, inHand, pollers func() int) *metrics {
	with := promauto.With(reg)
	counter := func(name, help string) prometheus.Counter {
		return with.NewCounter(prometheus.CounterOpts{Name: "carillon_sqs_" + name, Help: help})
	}
	gauge := func(name, help string, value func() int) {
		with.NewGaugeFunc(prometheus.GaugeOpts{Name: "carillon_sqs_" + name, Help: help}, func() float64 { return float64(value()) })
	}
	gauge("held_messages", "Messages received and not deleted yet.", inHand)
	gauge("active_pollers", "Polls that run side by side now.", pollers)
	m := &metrics{
		receives: outcomes(with, "receives_total", "Polls by how they ended.", brought, empty, throttled, denied, failed),
		messages: counter("messages_received_total", "Messages that polls brought, repeats included."),
		repeats:  counter("messages_in_hand_total", "Messages received again while their earlier copy was in hand."),
		corrupt:  counter("checksum_mismatches_total", "Messages left in the queue because body and checksum differ."),
		unconfirmed: counter("emit_failures_total",
			"Messages that the journal did not confirm, each time that they were offered to it."),
		left: counter("messages_left_total",
			"Messages that were received and are left in the queue because the journal did not confirm them."),
		deletes: outcomes(with, "deletes_total", "Deletes of single messages by how they ended.",
			deleted, gone, retried, abandoned),
		extensions: outcomes(with, "visibility_extensions_total", "Extensions of the visibility of single messages by how they ended.",
			extended, gone, failed),
		age: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_sqs_message_age_seconds", Help: "Time from the sending of a message to its receipt.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400, 345600},
		}),
		attempts: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_sqs_message_receives", Help: "How often a message had been handed out when it was received.",
			Buckets: []float64{1, 2, 3, 4, 5, 10, 20, 50, 100},
		}),
	}
	m.addQueue(with)
	return m
}

// addQueue adds what samples of the queue tell.
func (m *metrics) addQueue(with promauto.Factory) {
	m.samples = outcomes(with, "samples_total", "Questions to the queue how many messages it holds by how they ended.",
		read, throttled, denied, failed)
	m.queue = with.NewGaugeVec(prometheus.GaugeOpts{
		Name: "carillon_sqs_queue_messages", Help: "Messages in the queue by state, approximately, when it was last asked.",
	}, []string{"state"})
	for _, state := range []string{stateVisible, stateInFlight, stateDelayed} {
		m.queue.WithLabelValues(state)
	}
	m.oldest = with.NewGauge(prometheus.GaugeOpts{
		Name: "carillon_sqs_oldest_message_age_seconds",
		Help: "Age of the oldest message in hand or received since the queue was last asked; 0 when the queue is empty.",
	})
}

// outcomes makes a counter by outcome, each of which is there from the start.
func outcomes(with promauto.Factory, name, help string, all ...outcome) *prometheus.CounterVec {
	v := with.NewCounterVec(prometheus.CounterOpts{Name: "carillon_sqs_" + name, Help: help}, []string{"outcome"})
	for _, o := range all {
		v.WithLabelValues(string(o))
	}
	return v
}

func (m *metrics) received(o outcome) { m.receives.WithLabelValues(string(o)).Inc() }

func (m *metrics) sampled(o outcome) { m.samples.WithLabelValues(string(o)).Inc() }

func (m *metrics) deletion(o outcome, n int) { m.deletes.WithLabelValues(string(o)).Add(float64(n)) }

func (m *metrics) extension(o outcome, n int) {
	m.extensions.WithLabelValues(string(o)).Add(float64(n))
}
