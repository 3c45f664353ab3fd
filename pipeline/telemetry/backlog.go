package telemetry

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Behind is what waits in one partition.
type Behind struct {
	// Count is how many.
	Count uint64
	// Oldest is when the oldest of them was stored; zero when nothing waits.
	Oldest time.Time
}

// Backlog shows what waits, and for how long, by partition.
type Backlog struct{ count, age *prometheus.GaugeVec }

// NewBacklog registers two gauges by partition.
func NewBacklog(r prometheus.Registerer, count, countHelp, age, ageHelp string) Backlog {
	f, labels := promauto.With(r), []string{"partition"}
	return Backlog{
		count: f.NewGaugeVec(prometheus.GaugeOpts{Name: count, Help: countHelp}, labels),
		age:   f.NewGaugeVec(prometheus.GaugeOpts{Name: age, Help: ageHelp}, labels),
	}
}

// Begin shows that nothing waits in any of n partitions, until more is known.
func (b Backlog) Begin(n int) { b.Set(time.Time{}, make([]Behind, n)) }

// Set shows what waits at now; partitions has an entry for each.
func (b Backlog) Set(now time.Time, partitions []Behind) {
	for p, x := range partitions {
		label, age := strconv.Itoa(p), 0.0
		if x.Count > 0 && !x.Oldest.IsZero() {
			age = max(now.Sub(x.Oldest), 0).Seconds()
		}
		b.count.WithLabelValues(label).Set(float64(x.Count))
		b.age.WithLabelValues(label).Set(age)
	}
}
