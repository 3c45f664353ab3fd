package dashboards_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"carillon/dashboards"
)

// unordered lets every event through at once.
const unordered = "{mode: none}"

// TestMetrics compares what a whole router tells with the reference, and expects it to be well formed.
func TestMetrics(t *testing.T) {
	r := start(t, rigOptions{order: unordered})
	ms := dashboards.Metrics(r.gather(t))
	golden(t, "metrics.golden", dashboards.Golden(ms))
	golden(t, "metrics.md", dashboards.Reference(ms))
	problems, err := testutil.GatherAndLint(r.registry)
	require.NoError(t, err)
	require.Empty(t, problems)
	labels := map[string]bool{}
	for _, m := range ms {
		for _, l := range m.Labels {
			labels[l] = true
		}
	}
	require.Equal(t, []string{
		"cause", "class", "errand", "field", "go", "late", "outcome", "partition", "reason", "result", "rule", "sink", "source", "state", "stream", "version",
	}, slices.Sorted(maps.Keys(labels)), "each of them has few values that are known at the start")
}

// TestSeriesDoNotGrow expects ten thousand meetings to make no series more than ten, and no label to name one.
func TestSeriesDoNotGrow(t *testing.T) {
	few, many := series(t, 10), series(t, 10_000)
	require.Equal(t, few, many)
	t.Logf("%d series", len(many))
}

// series returns every series of a router that delivered an event of each of n meetings over two paths.
func series(t *testing.T, n int) []string {
	t.Helper()
	r := start(t, rigOptions{order: unordered})
	bodies, at := make([]string, n), time.Now().UnixMilli()
	for i := range bodies {
		bodies[i] = joined(fmt.Sprintf("meeting-%d", i), fmt.Sprintf("attendee-%d", i), at)
	}
	r.post(t, bodies)
	r.post(t, bodies[:10])
	for _, sink := range []string{"webhook", "file", "stdout"} {
		r.await(t, sink, func() bool { return r.sum(t, "carillon_deliver_delivered_total", "sink", sink) == float64(n) })
	}
	r.await(t, "witnesses", func() bool { return r.sum(t, "carillon_dedupe_witnesses_total", "", "") == 10 })
	if !*update {
		golden(t, "metrics.golden", dashboards.Golden(dashboards.Metrics(r.gather(t)))) // Traffic adds nothing that was not there.
	}
	var out []string
	for _, f := range r.gather(t) {
		for _, m := range f.GetMetric() {
			out = append(out, one(t, f, m)...)
		}
	}
	slices.Sort(out)
	return out
}

// one returns the series that a server without native histograms makes of a metric.
func one(t *testing.T, f *dto.MetricFamily, m *dto.Metric) []string {
	t.Helper()
	var labels []string
	for _, l := range m.GetLabel() {
		require.NotContains(t, l.GetValue(), "meeting-")
		require.NotContains(t, l.GetValue(), "attendee-")
		labels = append(labels, l.GetName()+"="+l.GetValue())
	}
	name := f.GetName() + "{" + strings.Join(labels, ",") + "}"
	out := []string{name}
	for _, b := range m.GetHistogram().GetBucket() {
		out = append(out, fmt.Sprintf("%s le %v", name, b.GetUpperBound()))
	}
	for _, q := range m.GetSummary().GetQuantile() {
		out = append(out, fmt.Sprintf("%s q %v", name, q.GetQuantile()))
	}
	return out
}
