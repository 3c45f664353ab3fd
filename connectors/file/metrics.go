package file

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// The outcomes of a rotation, as they appear in the label outcome.
const (
	outcomeRotated = "rotated"
	outcomeFailed  = "failed"
)

// keyError is the key of what went wrong in the logs.
const keyError = "error"

type metrics struct{ rotations *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{rotations: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_file_rotations_total", Help: "Attempts to go on in a new file, by outcome.",
	}, []string{"outcome"})}
	for _, outcome := range []string{outcomeRotated, outcomeFailed} {
		m.rotations.WithLabelValues(outcome)
	}
	return m
}
