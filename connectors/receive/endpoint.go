package receive

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline"
)

// EndpointOptions say how an Endpoint takes requests, and by which names it counts them. O is how a request ends.
type EndpointOptions[O ~string] struct {
	// Component is the type of the source, which names its metrics.
	Component string
	// Requests and Duration are the help of the metrics that count and time requests.
	Requests, Duration string
	// Buckets are those of the time from the headers of a request to its answer, in seconds.
	Buckets []float64
	// Timeout is how long one request may take.
	Timeout time.Duration
	// Outcomes are all of them.
	Outcomes []O
	// NotRunning is the outcome of a request that comes while the source does not run.
	NotRunning O
}

// Endpoint takes the requests of one source: while its Gate is open, each within its time, and counted by how it ended.
type Endpoint[O ~string] struct {
	Gate

	options  EndpointOptions[O]
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// NewEndpoint registers carillon_<component>_requests_total and others.
func NewEndpoint[O ~string](reg prometheus.Registerer, options EndpointOptions[O]) *Endpoint[O] {
	with := promauto.With(reg)
	prefix := "carillon_" + options.Component + "_"
	e := &Endpoint[O]{
		options: options,
		requests: with.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "requests_total", Help: options.Requests,
		}, []string{"outcome"}),
		duration: with.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "request_duration_seconds", Help: options.Duration, Buckets: options.Buckets,
		}, []string{"outcome"}),
		inFlight: with.NewGauge(prometheus.GaugeOpts{
			Name: prefix + "requests_in_flight", Help: "Requests that are being handled.",
		}),
	}
	for _, o := range options.Outcomes {
		e.requests.WithLabelValues(string(o))
		e.duration.WithLabelValues(string(o))
	}
	return e
}

// Serve takes one request: handle finds out how it ends, and answer tells the client. The context of the request that both get
// ends after the timeout.
func (e *Endpoint[O]) Serve(w http.ResponseWriter, r *http.Request,
	handle func(http.ResponseWriter, *http.Request, pipeline.Emitter) (O, error),
	answer func(w http.ResponseWriter, r *http.Request, how O, err error),
) {
	start := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), e.options.Timeout)
	defer cancel()
	r = r.WithContext(ctx)
	Bound(w, r)
	e.inFlight.Inc()
	defer e.inFlight.Dec()

	how, err := e.options.NotRunning, error(nil)
	out, leave, ok := e.Enter()
	if ok {
		defer leave()
		how, err = handle(w, r, out)
	}
	answer(w, r, how, err)
	e.requests.WithLabelValues(string(how)).Inc()
	e.duration.WithLabelValues(string(how)).Observe(time.Since(start).Seconds())
}
