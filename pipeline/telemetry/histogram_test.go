package telemetry_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/telemetry"
)

// durations are typical of every place that is measured: an event from the future, a commit, a hold, an outage.
func durations() []float64 { return []float64{0, 0.0004, 0.003, 0.2, 1.3, 2.1, 40, 86400, 1e6} }

func TestHistogramHasBothKindsOfBuckets(t *testing.T) {
	h := prometheus.NewHistogram(telemetry.Histogram("a_seconds", "A.", telemetry.LagBuckets()))
	for _, v := range durations() {
		h.Observe(v)
	}
	var m dto.Metric
	require.NoError(t, h.Write(&m))
	require.Len(t, m.GetHistogram().GetBucket(), len(telemetry.LagBuckets()))
	require.Equal(t, int32(3), m.GetHistogram().GetSchema(), "eight buckets for each doubling")
	require.Equal(t, uint64(len(durations())), m.GetHistogram().GetSampleCount())
	require.Equal(t, uint64(1), m.GetHistogram().GetZeroCount())
}

// TestHistogramIsBounded expects values over twelve decades to cost resolution, not memory.
func TestHistogramIsBounded(t *testing.T) {
	h := prometheus.NewHistogram(telemetry.Histogram("a_seconds", "A.", telemetry.LagBuckets()))
	for v := 1e-6; v < 1e6; v *= 1.05 {
		h.Observe(v)
	}
	var m dto.Metric
	require.NoError(t, h.Write(&m))
	n := 0
	for _, span := range m.GetHistogram().GetPositiveSpan() {
		n += int(span.GetLength())
	}
	require.LessOrEqual(t, n, 160+16) // Empty ones that close small gaps are counted too.
	require.Less(t, m.GetHistogram().GetSchema(), int32(3))
}

// TestObserveAllocatesNothing is about the path of every event.
func TestObserveAllocatesNothing(t *testing.T) {
	h := prometheus.NewHistogram(telemetry.Histogram("a_seconds", "A.", telemetry.LagBuckets()))
	for _, v := range durations() {
		require.Zero(t, testing.AllocsPerRun(1000, func() { h.Observe(v) }), "%v s", v)
	}
}

func BenchmarkObserve(b *testing.B) {
	classic := prometheus.HistogramOpts{Name: "a_seconds", Help: "A.", Buckets: telemetry.LagBuckets()}
	for name, o := range map[string]prometheus.HistogramOpts{"classic": classic, "both": telemetry.Histogram("a_seconds", "A.", telemetry.LagBuckets())} {
		h := prometheus.NewHistogram(o)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.Observe(0.2)
			}
		})
	}
}

func TestBacklogShowsWhatWaits(t *testing.T) {
	r, now := prometheus.NewRegistry(), time.Unix(1_800_000_000, 0)
	b := telemetry.NewBacklog(r, "a_events", "A.", "a_age_seconds", "B.")
	b.Set(now, []telemetry.Behind{{}, {Count: 3, Oldest: now.Add(-time.Minute)}, {Count: 1, Oldest: now.Add(time.Hour)}, {Count: 2}})
	require.Equal(t, map[string][]float64{"a_events": {0, 3, 1, 2}, "a_age_seconds": {0, 60, 0, 0}}, values(t, r))
	b.Set(now, []telemetry.Behind{{}, {}, {}, {}})
	require.Equal(t, map[string][]float64{"a_events": {0, 0, 0, 0}, "a_age_seconds": {0, 0, 0, 0}}, values(t, r))
}

// values returns the gauges of a registry by name, in the order of their labels.
func values(t *testing.T, g prometheus.Gatherer) map[string][]float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	out := map[string][]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			out[f.GetName()] = append(out[f.GetName()], m.GetGauge().GetValue())
		}
	}
	return out
}

func TestSeconds(t *testing.T) {
	require.InDelta(t, 1_800_000_000.123, telemetry.Seconds(time.UnixMilli(1_800_000_000_123)), 1e-6)
}
