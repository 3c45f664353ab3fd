package journal

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline/telemetry"
)

type metrics struct {
	appends  *prometheus.CounterVec
	batch    prometheus.Histogram
	commit   prometheus.Histogram
	bytes    *prometheus.GaugeVec
	limit    *prometheus.GaugeVec
	fill     *prometheus.GaugeVec
	messages *prometheus.GaugeVec
	purged   *prometheus.CounterVec
	oldest   prometheus.Gauge
	foreign  prometheus.Counter
	gone     prometheus.Gauge
}

// outcomes of an append.
const (
	outcomeStored  = "stored"
	outcomeFull    = "full"
	outcomeRefused = "refused"
	outcomeFenced  = "fenced"
	outcomeUnknown = "unknown"
)

func newMetrics(r prometheus.Registerer) *metrics {
	f := promauto.With(r)
	m := &metrics{
		appends: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_journal_appends_total", Help: "Messages given to the journal, by what became of them.",
		}, []string{"outcome"}),
		batch: f.NewHistogram(prometheus.HistogramOpts{
			Name: "carillon_journal_batch_messages", Help: "Messages in one commit.", Buckets: prometheus.ExponentialBuckets(1, 4, 6),
		}),
		commit: f.NewHistogram(telemetry.Histogram("carillon_journal_commit_seconds",
			"Time of one commit, fsync included.", prometheus.ExponentialBuckets(0.0001, 3, 10))),
		bytes: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "carillon_journal_stream_bytes", Help: "Bytes in a stream.",
		}, []string{"stream"}),
		limit: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "carillon_journal_stream_limit_bytes", Help: "Bytes a stream may hold.",
		}, []string{"stream"}),
		fill: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "carillon_journal_stream_fill_ratio", Help: "Which part of the bytes that a stream may hold it holds; EVENTS counts as full at a sixteenth, at most 64 MiB, less than 1.",
		}, []string{"stream"}),
		messages: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "carillon_journal_stream_messages", Help: "Messages in a stream.",
		}, []string{"stream"}),
		purged: f.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_journal_purged_messages_total", Help: "Messages removed because of their age or for space.",
		}, []string{"stream"}),
		foreign: f.NewCounter(prometheus.CounterOpts{
			Name: "carillon_journal_foreign_messages_total", Help: "Messages that a read of a meeting's history left out because another program wrote them.",
		}),
		gone: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_journal_gone_sinks", Help: "Sinks that are in no configuration any more and hold back purging until they are forgotten.",
		}),
		oldest: f.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_journal_oldest_event_timestamp_seconds", Help: "When the oldest kept event was stored; copies of older ones are not recognised. 0 when there is none.",
		}),
	}
	for _, o := range []string{outcomeStored, outcomeFull, outcomeRefused, outcomeFenced, outcomeUnknown} {
		m.appends.WithLabelValues(o)
	}
	for _, s := range []string{"raw", "events", "late", "quarantine", "dead"} {
		m.bytes.WithLabelValues(s)
		m.limit.WithLabelValues(s)
		m.fill.WithLabelValues(s)
		m.messages.WithLabelValues(s)
	}
	for _, s := range []string{"raw", "events"} {
		m.purged.WithLabelValues(s)
	}
	return m
}
