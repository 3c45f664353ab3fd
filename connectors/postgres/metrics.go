package postgres

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline"
)

// The outcomes of events and transactions, as they appear in the label outcome.
const (
	outcomeStored    = "stored"    // the row is new
	outcomeRepeated  = "repeated"  // the row was there
	outcomeRejected  = "rejected"  // refused for good
	outcomeCommitted = "committed" // the transaction is done
	outcomeFailed    = "failed"    // it is not, or nobody knows, and is tried again
)

type metrics struct {
	events       *prometheus.CounterVec
	transactions *prometheus.CounterVec
	seconds      prometheus.Histogram
	sessions     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	with := promauto.With(reg)
	m := &metrics{
		events: with.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_postgres_events_total", Help: "Events by what became of them: a new row, a row that was there, or refused.",
		}, []string{"outcome"}),
		transactions: with.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_postgres_transactions_total", Help: "Transactions by how they ended.",
		}, []string{"outcome"}),
		seconds: with.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_postgres_transaction_duration_seconds", Help: "Time that a transaction took, with the wait for a connection.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		sessions: with.NewCounter(prometheus.CounterOpts{
			Name: "carillon_postgres_attendance_changes_total", Help: "Rows of the attendance that were added, changed or removed.",
		}),
	}
	for _, o := range []string{outcomeStored, outcomeRepeated, outcomeRejected} {
		m.events.WithLabelValues(o)
	}
	for _, o := range []string{outcomeCommitted, outcomeRejected, outcomeFailed} {
		m.transactions.WithLabelValues(o)
	}
	return m
}

// ended counts a transaction of which err is the outcome.
func (m *metrics) ended(err error) {
	outcome := outcomeCommitted
	if class, _ := pipeline.Classify(err); class == pipeline.ClassReject {
		outcome = outcomeRejected
	} else if err != nil {
		outcome = outcomeFailed
	}
	m.transactions.WithLabelValues(outcome).Inc()
}
