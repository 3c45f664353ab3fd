package awscmd_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors/awslocal"
)

const keyID = "11112222-3333-4444-5555-666677778888"

// encrypt has queue and topic encrypted with a key of that policy.
func (c *cloud) encrypt(t *testing.T, policy string, disabled bool) {
	t.Helper()
	c.PutKey(awslocal.Key{ID: keyID, Alias: "alias/chime", Policy: policy, Disabled: disabled})
	c.setQueue(t, "chime", map[string]string{"KmsMasterKeyId": "alias/chime"})
	c.setTopic(t, "KmsMasterKeyId", "arn:aws:kms:us-east-1:"+account+":key/"+keyID)
}

// TestGrantsOfAKey examines a queue that the Chime SDK, a rule and a topic write to, and a topic that the Chime SDK writes to.
func TestGrantsOfAKey(t *testing.T) {
	c := newCloud(t)
	policy := func(w awscmd.KeyWriters) string { return compact(t, awscmd.KeyPolicy(c.scope, w)) }
	for name, tt := range map[string]struct {
		policy   string
		disabled bool
		want     []string
	}{
		"everybody who writes":       {policy(awscmd.KeyWriters{Direct: true, Rules: true, Topics: true}), false, nil},
		"bound to the account":       {policy(awscmd.KeyWriters{Direct: true, Rules: true, Topics: true, Confine: true}), false, []string{"queue key warn", "topic key warn"}},
		"not the Chime SDK":          {policy(awscmd.KeyWriters{Rules: true, Topics: true}), false, []string{"queue key wrong", "topic key wrong"}},
		"not EventBridge":            {policy(awscmd.KeyWriters{Direct: true, Topics: true}), false, []string{"queue key wrong"}},
		"nobody":                     {`{"Statement":[]}`, false, []string{"queue key wrong", "queue key wrong", "queue key wrong", "topic key wrong"}},
		"everybody, but not decrypt": {strings.ReplaceAll(policy(awscmd.KeyWriters{Direct: true, Rules: true, Topics: true}), `,"kms:Decrypt"`, ""), false, []string{"queue key wrong", "queue key wrong", "queue key wrong", "topic key wrong"}},
		"disabled":                   {policy(awscmd.KeyWriters{Direct: true, Rules: true, Topics: true}), true, []string{"queue key wrong", "topic key wrong"}},
		"broken":                     {`{`, false, []string{"queue key wrong", "topic key wrong"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.reset(t)
			c.encrypt(t, tt.policy, tt.disabled)
			report, err := c.examine(t, awscmd.Options{})
			require.NoError(t, err)
			require.ElementsMatch(t, tt.want, problems(report), "%+v", report.Findings)
			for _, f := range report.Findings {
				if f.Check == "key" && f.Severity != awscmd.OK {
					require.Contains(t, f.Mend, "--key-id")
				}
			}
		})
	}
}

func TestKeyThatMayNotBeRead(t *testing.T) {
	c := newCloud(t)
	for _, operation := range []string{"kms:DescribeKey", "kms:GetKeyPolicy"} {
		c.reset(t)
		c.encrypt(t, `{}`, false)
		c.SetFaults(awslocal.Faults{Call: func(_ context.Context, asked string) error {
			if asked == operation {
				return &awslocal.APIError{Status: 400, Code: "AccessDeniedException", Message: "not authorized to perform it"}
			}
			return nil
		}})
		report, err := c.examine(t, awscmd.Options{})
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"queue key warn", "topic key warn"}, problems(report), "%+v", report.Findings)
		for _, f := range report.Findings {
			if f.Check == "key" {
				require.Contains(t, f.Why, "carillon aws policy kms --account "+account)
				require.Contains(t, f.Mend, "aws kms get-key-policy")
			}
		}
	}
}
