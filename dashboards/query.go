package dashboards

import (
	"fmt"
	"strings"
)

// The selectors that every expression uses, by what it is about.
const (
	ofRouter = `job=~"$job", instance=~"$instance"`
	ofSource = ofRouter + `, source=~"$source"`
	ofSink   = ofRouter + `, sink=~"$sink"`
)

// rate returns the rate of a counter per second, summed by labels.
func rate(metric, selector string, by ...string) string {
	return fmt.Sprintf(`sum%s (rate(%s{%s}[$__rate_interval]))`, grouping(by), metric, selector)
}

// increase returns by how much a counter grew in the time that is shown.
func increase(metric, selector string, by ...string) string {
	return fmt.Sprintf(`sum%s (increase(%s{%s}[$__range]))`, grouping(by), metric, selector)
}

// quantile returns a quantile of a histogram of either form.
func quantile(q float64, metric, selector string, by ...string) string {
	return fmt.Sprintf(`histogram_quantile(%[1]v, sum by (%[2]s) (rate(%[3]s_bucket{%[4]s}[$__rate_interval]))) or histogram_quantile(%[1]v, sum%[5]s (rate(%[3]s{%[4]s}[$__rate_interval])))`,
		q, strings.Join(append([]string{"le"}, by...), ", "), metric, selector, grouping(by))
}

// buckets returns a histogram of either form for a heatmap.
func buckets(metric, selector string) string {
	return fmt.Sprintf(`sum by (le) (increase(%[1]s_bucket{%[2]s}[$__rate_interval])) or (sum (increase(%[1]s{%[2]s}[$__rate_interval])) unless on () sum (increase(%[1]s_bucket{%[2]s}[$__rate_interval])))`,
		metric, selector)
}

// maximum returns the greatest value by labels: of what every router tells alike, too.
func maximum(metric, selector string, by ...string) string {
	return fmt.Sprintf(`max%s (%s{%s})`, grouping(by), metric, selector)
}

// total returns the sum of a gauge by labels.
func total(metric, selector string, by ...string) string {
	return fmt.Sprintf(`sum%s (%s{%s})`, grouping(by), metric, selector)
}

// eachPartition returns the sum over partitions of a gauge that every router tells for all of them.
func eachPartition(metric, selector string, by ...string) string {
	return fmt.Sprintf(`sum%s (%s)`, grouping(by), maximum(metric, selector, append([]string{"partition"}, by...)...))
}

// since returns how long ago a timestamp was; nothing for one that never was.
func since(metric, selector string, by ...string) string {
	return fmt.Sprintf(`time() - (%s > 0)`, maximum(metric, selector, by...))
}

func grouping(by []string) string {
	if len(by) == 0 {
		return ""
	}
	return " by (" + strings.Join(by, ", ") + ")"
}
