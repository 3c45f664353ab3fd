package deliver

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline"
	"carillon/pipeline/filter"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
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
	held      map[trouble]prometheus.Gauge
	probes    map[bool]prometheus.Counter // by whether they were accepted
	asked     map[journal.ErrandKind]map[Result]prometheus.Counter
	unjudged  map[filter.Verdict]prometheus.Counter
	write     prometheus.Histogram
	lag       prometheus.Histogram
	stay      prometheus.Histogram
	success   prometheus.Gauge
	backlog   telemetry.Backlog
}

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		delivered: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_deliver_delivered_total", Help: "Events the sink accepted, repeats after a restart included.",
		}),
		skipped: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_deliver_skipped_total", Help: "Events the sink does not want by its kinds, exclude and where.",
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
		write: f.NewHistogram(telemetry.Histogram("carillon_deliver_write_seconds",
			"Time of one call to the sink.", prometheus.ExponentialBuckets(0.0005, 3, 11))),
		lag: f.NewHistogram(telemetry.Histogram("carillon_deliver_lag_seconds",
			"From event time to acceptance by the sink. Times ahead of the clock of this router count as 0.", telemetry.LagBuckets())),
		stay: f.NewHistogram(telemetry.Histogram("carillon_deliver_stay_seconds",
			"From receipt of the first copy to acceptance by the sink.", telemetry.StayBuckets())),
		success: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_deliver_last_success_timestamp_seconds", Help: "When the sink last accepted an event. 0 before.",
		}),
		failed: map[pipeline.Class]prometheus.Counter{},
		backlog: telemetry.NewBacklog(r, "carillon_deliver_backlog_events", "Events that the sink has not settled, those of parked meetings not counted. Every router tells of all partitions.",
			"carillon_deliver_backlog_age_seconds", "For how long the oldest event that the sink has not settled has been stored, those of parked meetings not counted; 0 when there is none. Every router tells of all partitions."),
	}
	failed := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_deliver_failed_total", Help: "Attempts the sink did not accept, by what is done about it.",
	}, []string{"class"})
	for _, c := range []pipeline.Class{pipeline.ClassRetry, pipeline.ClassThrottle, pipeline.ClassReject, pipeline.ClassFatal} {
		m.failed[c] = failed.WithLabelValues(c.String())
	}
	m.breaker(f)
	m.errands(f)
	unjudged := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_deliver_where_failures_total",
		Help: "Events for which the expression where could not be decided: what it asks for is absent (not sent), or it costs too much (sent).",
	}, []string{"cause"})
	m.unjudged = map[filter.Verdict]prometheus.Counter{
		filter.Absent: unjudged.WithLabelValues("absent"), filter.Costly: unjudged.WithLabelValues("cost"),
	}
	return m
}

func (m *metrics) breaker(f promauto.Factory) {
	held := f.NewGaugeVec(prometheus.GaugeOpts{
		Name: "carillon_deliver_held_back", Help: "Whether the sink is held back: 1 while it accepts nothing (outage) or rejects too much (rejects).",
	}, []string{"cause"})
	m.held = map[trouble]prometheus.Gauge{
		troubleOutage: held.WithLabelValues("outage"), troubleRejects: held.WithLabelValues("rejects"),
	}
	probes := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_deliver_probes_total", Help: "Single events sent to learn whether a sink that is held back may go on, by whether it may.",
	}, []string{"outcome"})
	m.probes = map[bool]prometheus.Counter{true: probes.WithLabelValues("goes_on"), false: probes.WithLabelValues("held")}
}

func (m *metrics) errands(f promauto.Factory) {
	asked := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_deliver_errands_total", Help: "Events that an operator had redriven, dropped or replayed, by what came of it.",
	}, []string{"errand", "result"})
	m.asked = map[journal.ErrandKind]map[Result]prometheus.Counter{}
	for _, kind := range []journal.ErrandKind{journal.ErrandRedrive, journal.ErrandDrop, journal.ErrandReplay} {
		m.asked[kind] = map[Result]prometheus.Counter{}
		for _, r := range results() {
			m.asked[kind][r] = asked.WithLabelValues(string(kind), string(r))
		}
	}
}
