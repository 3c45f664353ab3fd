package awscmd_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/awscmd"
)

const account = "111122223333"

func scope(t *testing.T, region string, ns awscmd.Namespace) awscmd.Scope {
	t.Helper()
	s, err := awscmd.NewScope(account, region, ns, awscmd.HasPipelines(region))
	require.NoError(t, err)
	return s
}

func TestPoliciesAreExact(t *testing.T) {
	frankfurt := scope(t, "eu-central-1", awscmd.NamespaceMeetings)
	virginia := scope(t, "us-east-1", awscmd.NamespaceBoth)
	old := scope(t, "us-east-1", awscmd.NamespaceChime)
	gov := scope(t, "us-gov-west-1", awscmd.NamespaceMeetings)
	all := awscmd.Writers{Direct: true, Rules: []string{"chime"}, Topics: []string{"chime", "arn:aws:sns:af-south-1:" + account + ":far"}}
	for name, doc := range map[string]any{
		"queue-meetings.json": awscmd.QueuePolicy(frankfurt, "chime", all),
		"queue-both.json":     awscmd.QueuePolicy(virginia, "chime", awscmd.Writers{Direct: true}),
		"queue-chime.json":    awscmd.QueuePolicy(old, "chime", awscmd.Writers{Direct: true}),
		"queue-gov.json":      awscmd.QueuePolicy(gov, "chime", awscmd.Writers{Direct: true, Rules: []string{"chime"}}),
		"topic.json":          awscmd.TopicPolicy(frankfurt, "chime", awscmd.Writers{Direct: true, Rules: []string{"chime"}}),
		"key.json":            awscmd.KeyPolicy(frankfurt, awscmd.KeyWriters{Direct: true, Rules: true, Topics: true, Confine: true}),
		"key-open.json":       awscmd.KeyPolicy(gov, awscmd.KeyWriters{Direct: true}),
		"trust.json":          awscmd.InvokeTrust(frankfurt, "chime"),
		"invoke.json":         awscmd.InvokePermissions(frankfurt, "carillon"),
		"pattern.json":        awscmd.EventPattern(),
		"consumer.json": awscmd.ConsumerPolicy(frankfurt, awscmd.Consumer{
			Queue: "chime", Topic: "chime", Key: "1234abcd-12ab-34cd-56ef-1234567890ab", Doctor: true,
		}),
	} {
		t.Run(name, func(t *testing.T) {
			text, err := awscmd.JSON(doc)
			require.NoError(t, err)
			golden(t, name, text)
		})
	}
}

func TestScopeRefusesWhatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		account, region string
		ns              awscmd.Namespace
		pipelines       bool
		want            []string
	}{
		"old namespace elsewhere":  {account, "eu-central-1", awscmd.NamespaceChime, true, []string{"writes only to queues and topics in us-east-1"}},
		"both namespaces":          {account, "us-west-2", awscmd.NamespaceBoth, true, []string{"--namespace meetings"}},
		"no control region":        {account, "eu-west-1", awscmd.NamespaceMeetings, false, []string{"eu-west-1 is no control region", "eu-west-2"}},
		"China":                    {account, "cn-north-1", awscmd.NamespaceMeetings, false, []string{"aws-cn, where the Amazon Chime SDK does not exist"}},
		"no region":                {account, "Frankfurt", awscmd.NamespaceMeetings, false, []string{`"Frankfurt" is not a region`}},
		"account":                  {"1234", "us-east-1", awscmd.NamespaceMeetings, true, []string{`"1234" is not an account`}},
		"namespace":                {account, "us-east-1", "messaging", true, []string{`"messaging" is neither`}},
		"pipelines in GovCloud":    {account, "us-gov-east-1", awscmd.NamespaceMeetings, true, []string{"--pipelines=false"}},
		"everything at once":       {"x", "cn-north-1", awscmd.NamespaceChime, true, []string{"region:", "account:", "namespace:"}},
		"pipelines in Cape Town":   {account, "af-south-1", awscmd.NamespaceMeetings, true, []string{"mediapipelines.chime.amazonaws.com"}},
		"partition is no excuse":   {account, "us-gov-west-2", awscmd.NamespaceMeetings, false, []string{"is no control region"}},
		"namespace both in Mumbai": {account, "ap-south-1", awscmd.NamespaceBoth, true, []string{"us-east-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := awscmd.NewScope(c.account, c.region, c.ns, c.pipelines)
			require.Error(t, err)
			for _, part := range c.want {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

func TestNamesAndARNs(t *testing.T) {
	s := scope(t, "eu-central-1", awscmd.NamespaceMeetings)
	for _, c := range []struct {
		kind  awscmd.Resource
		value string
		want  string
	}{
		{awscmd.ResourceQueue, "chime", ""},
		{awscmd.ResourceQueue, "arn:aws:sqs:eu-central-1:111122223333:chime", ""},
		{awscmd.ResourceQueue, "chime.fifo", "FIFO"},
		{awscmd.ResourceQueue, "arn:aws:sns:eu-central-1:111122223333:chime", "not the ARN of a queue"},
		{awscmd.ResourceQueue, "arn:aws:sqs:us-east-1:111122223333:chime", "not in eu-central-1"},
		{awscmd.ResourceQueue, "arn:aws:sqs:eu-central-1:444455556666:chime", "not in eu-central-1 of account 111122223333"},
		{awscmd.ResourceQueue, "", "neither the name"},
		{awscmd.ResourceTopic, "a b", "neither the name"},
		{awscmd.ResourceRule, "team.chime", ""},
		{awscmd.ResourceKey, "alias/chime", "neither the name"},
		{awscmd.ResourceKey, "mrk-1234abcd12ab34cd56ef1234567890ab", ""},
	} {
		err := s.Owns(c.kind, c.value)
		if c.want == "" {
			require.NoError(t, err, "%s %q", c.kind, c.value)
			continue
		}
		require.ErrorContains(t, err, c.want, "%s %q", c.kind, c.value)
	}
}
