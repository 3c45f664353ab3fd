package sequence

import (
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/order"
	"carillon/pipeline/telemetry"
)

// otherSource is the label of records whose source left the configuration.
const otherSource = "other"

// Metrics is shared by the sequencers of all partitions.
type Metrics struct {
	events     map[string]prometheus.Counter
	witnesses  map[string]prometheus.Counter
	rereads    prometheus.Counter
	out        map[bool]prometheus.Counter // by whether they were late
	held       prometheus.Gauge
	forced     prometheus.Counter
	unreadable prometheus.Counter
	lag        prometheus.Histogram
	recoveries prometheus.Counter
	gaps       map[string]prometheus.Counter
	lates      map[order.LatePolicy]prometheus.Counter
	windows    *prometheus.GaugeVec
	oldest     *prometheus.GaugeVec
	backlog    telemetry.Backlog
	ledger     ledgerMetrics
}

// NewMetrics registers the metrics; sources are the ids of the configured sources.
func NewMetrics(r prometheus.Registerer, sources []string) *Metrics {
	f := promauto.With(r)
	m := &Metrics{
		rereads: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_dedupe_rereads_total", Help: "Records of RAW that were read again after a recovery of this or another process; their events were there.",
		}),
		held: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_order_held_events", Help: "Events that wait for earlier ones.",
		}),
		forced: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_order_forced_total", Help: "Holds cut short because memory for held events was full.",
		}),
		unreadable: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_sequence_set_aside_total", Help: "Records of RAW that went to QUARANTINE because they could not become events.",
		}),
		lag: f.NewHistogram(telemetry.Histogram("carillon_order_lag_seconds",
			"From receipt of an event's first copy to its append to EVENTS.", telemetry.StayBuckets())),
		recoveries: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_sequence_recoveries_total", Help: "Times a partition was taken anew after an error.",
		}),
		events:    map[string]prometheus.Counter{},
		witnesses: map[string]prometheus.Counter{},
	}
	m.orderMetrics(f)
	m.backlog = telemetry.NewBacklog(r, "carillon_sequence_backlog_records", "Records of RAW that are not settled yet, those of held events included. Every router tells of all partitions.",
		"carillon_sequence_backlog_age_seconds", "For how long the oldest record of RAW that is not settled has been stored; 0 when there is none. Every router tells of all partitions.")
	m.ledger = newLedgerMetrics(f, sources)
	events := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_dedupe_events_total", Help: "New events, by the source that brought them first.",
	}, []string{"source"})
	witnesses := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_dedupe_witnesses_total", Help: "Copies of events that were known, by source.",
	}, []string{"source"})
	for _, s := range append([]string{otherSource}, sources...) {
		m.events[s], m.witnesses[s] = events.WithLabelValues(s), witnesses.WithLabelValues(s)
	}
	return m
}

// orderMetrics makes what tells of gaps, of late events and of the window.
func (m *Metrics) orderMetrics(f promauto.Factory) {
	gaps := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_order_gaps_total", Help: "Predecessors that were waited for in vain, by the rule of mode causal that wanted them.",
	}, []string{"rule"})
	m.gaps = map[string]prometheus.Counter{}
	for _, rule := range order.Rules() {
		m.gaps[rule] = gaps.WithLabelValues(rule)
	}
	lates := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_order_late_total", Help: "Late events, by what the policy for them did: forwarded to EVENTS, diverted to LATE, or dropped but for their headers.",
	}, []string{"outcome"})
	m.lates = map[order.LatePolicy]prometheus.Counter{
		order.LateForward: lates.WithLabelValues("forwarded"), order.LateDivert: lates.WithLabelValues("diverted"), order.LateDrop: lates.WithLabelValues("dropped"),
	}
	out := f.NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_order_released_total", Help: "Events appended to EVENTS, by whether they were late.",
	}, []string{"late"})
	m.out = map[bool]prometheus.Counter{true: out.WithLabelValues("true"), false: out.WithLabelValues("false")}
	m.oldest = f.NewGaugeVec(prometheus.GaugeOpts{
		Name: "carillon_order_oldest_held_seconds", Help: "For how long the held event whose hold ends next has waited since it was stored in RAW; 0 when none is held.",
	}, []string{"partition"})
	m.windows = f.NewGaugeVec(prometheus.GaugeOpts{
		Name: "carillon_order_window_seconds", Help: "For how long an event that comes now is held at most; with mode adaptive it follows the measured disorder.",
	}, []string{"partition"})
}

// window returns the gauge of a partition.
func (m *Metrics) window(p int) prometheus.Gauge { return m.windows.WithLabelValues(strconv.Itoa(p)) }

// oldestHeld returns the gauge of a partition.
func (m *Metrics) oldestHeld(p int) prometheus.Gauge {
	return m.oldest.WithLabelValues(strconv.Itoa(p))
}

// late counts a late event.
func (m *Metrics) late(p order.LatePolicy) { m.lates[p].Inc() }

// gap counts every rule that an event names.
func (m *Metrics) gap(rules string) {
	if rules == "" {
		return
	}
	for rule := range strings.SplitSeq(rules, ",") {
		if gaps, ok := m.gaps[rule]; ok {
			gaps.Inc()
		}
	}
}

// Recovered counts a partition that is taken anew.
func (m *Metrics) Recovered() { m.recoveries.Inc() }

func (m *Metrics) judged(v dedupe.Verdict, source string) {
	if _, ok := m.events[source]; !ok {
		source = otherSource
	}
	switch v {
	case dedupe.New:
		m.events[source].Inc()
	case dedupe.Witness:
		m.witnesses[source].Inc()
	case dedupe.Reread:
		m.rereads.Inc()
	}
}

func (m *Metrics) released(e *pipeline.Event, now time.Time) {
	if e.IsLate {
		m.late(order.LateForward)
	}
	m.gap(e.Gap)
	m.out[e.IsLate].Inc()
	m.lag.Observe(max(now.Sub(e.Received), 0).Seconds())
}
