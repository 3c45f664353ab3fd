package dashboards

import (
	"fmt"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// Metric is what is documented of a metric.
type Metric struct {
	// Name, Type and Help are those of its family; of a histogram the type says whether it has native buckets.
	Name, Type, Help string
	// Labels are the names of the labels that any of its series has, sorted.
	Labels []string
}

// Metrics returns what is gathered and of this program, sorted by name. What the Go runtime and the process tell is left out: it
// changes with the version of the client library.
func Metrics(families []*dto.MetricFamily) []Metric {
	var out []Metric
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "carillon_") {
			continue
		}
		m := Metric{Name: f.GetName(), Type: strings.ToLower(f.GetType().String()), Help: f.GetHelp()}
		for _, series := range f.GetMetric() {
			for _, l := range series.GetLabel() {
				m.Labels = append(m.Labels, l.GetName())
			}
			if series.GetHistogram().GetZeroThreshold() > 0 {
				m.Type = "histogram, native too"
			}
		}
		slices.Sort(m.Labels)
		m.Labels = slices.Compact(m.Labels)
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Golden returns the list with one line for each metric, to be compared.
func Golden(ms []Metric) []byte {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintf(&b, "%s | %s | %s | %s\n", m.Name, m.Type, strings.Join(m.Labels, ","), m.Help)
	}
	return []byte(b.String())
}

// Reference returns the list to be read, in sections by the part of the program that a metric is named after.
func Reference(ms []Metric) []byte {
	var b strings.Builder
	b.WriteString("# Metrics\n\nGenerated from a running router with every type of source and sink: `go test ./dashboards -update`.\n\n" +
		"No metric has a meeting or an attendee in a label, so their number depends on the configuration alone. Histograms that say\n" +
		"*native too* have native buckets beside the classic ones; dashboards and alerts read either. Beside these there are those of\n" +
		"the Go runtime (`go_`), the process (`process_`) and the handler of `/metrics` itself (`promhttp_`).\n")
	section := ""
	for _, m := range ms {
		if s := strings.SplitN(m.Name, "_", 3)[1]; s != section {
			section = s
			fmt.Fprintf(&b, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", section)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, strings.Join(m.Labels, ", "), m.Help)
	}
	return []byte(b.String())
}
