package awscmd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors/awslocal"
)

// via has the eventbridge source take from the queue.
func (c *cloud) via() {
	before, _, _ := strings.Cut(c.yaml, "  bus:")
	c.yaml = before + `  bus:
    type: eventbridge
    via: {queue_url: "` + c.queue + `", region: us-east-1, access_key_id: AKIDLOCAL, secret_access_key: local}
sinks:
  out: {type: stdout}
`
}

// TestQueueBehindARule examines an eventbridge source with via: a rule has to fill its queue, and the Chime SDK need not.
func TestQueueBehindARule(t *testing.T) {
	c := newCloud(t)
	for name, tt := range map[string]struct {
		change func(*testing.T)
		want   []string
	}{
		"as it should be": {func(*testing.T) {}, nil},
		"only the rule may write": {func(t *testing.T) {
			t.Helper()
			c.setQueue(t, "chime", map[string]string{
				"Policy": compact(t, awscmd.QueuePolicy(c.scope, "chime", awscmd.Writers{Rules: []string{"chime"}, Topics: []string{"chime"}})),
			})
		}, []string{"queue policy warn"}},
		"no rule": {func(*testing.T) { c.DeleteRule("chime") }, []string{"bus rule wrong"}},
		"a rule for another queue": {func(t *testing.T) {
			t.Helper()
			c.putRule(t, func(r *awslocal.Rule) { r.Queue = "" })
		}, []string{"bus rule wrong"}},
		"the rule may not write": {func(t *testing.T) {
			t.Helper()
			c.setQueue(t, "chime", map[string]string{
				"Policy": compact(t, awscmd.QueuePolicy(c.scope, "chime", awscmd.Writers{Direct: true, Topics: []string{"chime"}})),
			})
		}, []string{"queue policy wrong", "bus policy wrong"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.reset(t)
			c.via()
			tt.change(t)
			report, err := c.examine(t, awscmd.Options{})
			require.NoError(t, err)
			require.ElementsMatch(t, tt.want, problems(report), "%+v", report.Findings)
			for _, f := range report.Findings {
				if f.Source == "sources.bus" && f.Check == "rule" && f.Severity == awscmd.Wrong {
					require.Equal(t, 3, strings.Count(f.Mend, "\n")+1, f.Mend)
					require.Contains(t, f.Mend, `aws events put-targets --region us-east-1 --rule chime --targets '[{"Arn":"`+c.QueueARN("chime")+`"`)
					require.Contains(t, f.Mend, "--rule chime --topic "+c.topic+" --direct=false --attributes")
				}
			}
		})
	}
}
