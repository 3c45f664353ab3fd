package deliver

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline"
)

type metrics struct {
	delivered prometheus.Counter
	skipped   prometheus.Counter
	dead      prometheus.Counter
	failed    map[pipeline.Class]prometheus.Counter
	inFlight  prometheus.Gauge
	waiting   prometheus.Gauge
	parked    prometheus.Gauge
	parks     prometheus.Counter
	write     prometheus.Histogram
	lag       prometheus.Histogram
	stay      prometheus.Histogram
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		delivered: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_deliver_delivered_total", Help: "Events the sink accepted, repeats after a restart included.",
		}),
		skipped: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_deliver_skipped_total", Help: "Events the sink does not want by its kinds.",
		}),
		dead: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_deliver_dead_total", Help: "Events given up and stored as dead letters.",
		}),
		inFlight: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_deliver_in_flight_events", Help: "Events that are with the sink and not answered.",
		}),
		waiting: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_deliver_waiting_lanes", Help: "Meetings that wait for another attempt.",
		}),
		parked: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_deliver_parked_lanes", Help: "Meetings that are parked: stuck or long, and read again from the journal when their turn comes.",
		}),
		parks: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_deliver_parked_total", Help: "How often a meeting was parked.",
		}),
		write: f.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_deliver_write_seconds", Help: "Time of one call to the sink.", Buckets: prometheus.ExponentialBuckets(0.0005, 3, 11),
		}),
		lag: f.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_deliver_lag_seconds", Help: "From event time to acceptance by the sink.",
			Buckets: []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400},
		}),
		stay: f.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_deliver_stay_seconds", Help: "From receipt of the first copy to acceptance by the sink.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600},
		}),
		failed: map[pipeline.Class]prometheus.Counter{},
	}
	failed := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_deliver_failed_total", Help: "Attempts the sink did not accept, by what is done about it.",
	}, []string{"class"})
	for _, c := range []pipeline.Class{pipeline.ClassRetry, pipeline.ClassThrottle, pipeline.ClassReject, pipeline.ClassFatal} {
		m.failed[c] = failed.WithLabelValues(c.String())
	}
	return m
}
