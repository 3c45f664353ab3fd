package router

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Why the listener refuses what it does not hand to a source.
const (
	refusedPath  = "path"  // nothing is there
	refusedBusy  = "busy"  // the source has its share in hand
	refusedPanic = "panic" // an error of this program
)

// nobody is the source of what belongs to none.
const nobody = ""

// httpMetrics are those of the listener of the receivers.
type httpMetrics struct {
	accepted, dropped prometheus.Counter
	open              prometheus.Gauge
	refusals          *prometheus.CounterVec
	inFlight          *prometheus.GaugeVec
	unknownPath       prometheus.Counter

	goodCertificates, badCertificates prometheus.Counter
	certificateEnd                    prometheus.Gauge
}

func newHTTPMetrics(registerer prometheus.Registerer) *httpMetrics {
	f := promauto.With(registerer)
	connections := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_http_connections_total",
		Help: "Connections to the listener of the receivers: accepted, or refused because too many were open.",
	}, []string{"outcome"})
	certificates := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_http_certificate_loads_total",
		Help: "New contents of the certificate files, by whether they could be used.",
	}, []string{"outcome"})
	m := &httpMetrics{
		accepted: connections.WithLabelValues("accepted"), dropped: connections.WithLabelValues("refused"),
		goodCertificates: certificates.WithLabelValues("good"), badCertificates: certificates.WithLabelValues("bad"),
		open: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_http_connections_open", Help: "Connections to the listener of the receivers that are open.",
		}),
		refusals: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_http_refusals_total",
			Help: "Requests that the listener answered itself, by source, empty where there is none, and reason.",
		}, []string{"source", "reason"}),
		inFlight: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "carillon_http_requests_in_flight", Help: "Requests in hand, by source.",
		}, []string{"source"}),
		certificateEnd: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_http_certificate_expiry_timestamp_seconds",
			Help: "When the certificate of the listener ends; 0 without TLS.",
		}),
	}
	m.unknownPath = m.refusals.WithLabelValues(nobody, refusedPath)
	return m
}

func (m *httpMetrics) connections() connectionMetrics {
	return connectionMetrics{accepted: m.accepted, refused: m.dropped, open: m.open}
}

// watch registers whether each source and sink runs, and how many partitions are owned here.
func (r *Router) watch() {
	f := promauto.With(r.set.Registry)
	r.owned = f.NewGauge(prometheus.GaugeOpts{
		Name: "carillon_router_owned_partitions", Help: "Partitions that this router sequences and delivers.",
	})
	for _, s := range r.sources {
		promauto.With(r.settings("source", s.id).Registerer).NewGaugeFunc(prometheus.GaugeOpts{
			Name: "carillon_router_source_up", Help: "Whether the source runs: 0 when it stopped for good, and before and after.",
		}, func() float64 { return oneIf(s.up.Load()) })
	}
	for _, s := range r.sinks {
		promauto.With(r.settings("sink", s.ID()).Registerer).NewGaugeFunc(prometheus.GaugeOpts{
			Name: "carillon_router_sink_up", Help: "Whether the sink can go on: 0 when it stopped for good. One that is held back can.",
		}, func() float64 { return oneIf(s.Err() == nil) })
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// sourceMetrics are those of one source.
type sourceMetrics struct {
	busy, panicked prometheus.Counter
	inFlight       prometheus.Gauge
}

func (m *httpMetrics) source(id string) sourceMetrics {
	return sourceMetrics{
		busy: m.refusals.WithLabelValues(id, refusedBusy), panicked: m.refusals.WithLabelValues(id, refusedPanic),
		inFlight: m.inFlight.WithLabelValues(id),
	}
}
