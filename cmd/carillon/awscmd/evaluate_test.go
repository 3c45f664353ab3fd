package awscmd

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const (
	testAccount = "111122223333"
	testQueue   = "arn:aws:sqs:eu-central-1:111122223333:chime"
	oldSource   = "arn:aws:chime::111122223333:meeting/m"
	newSource   = "arn:aws:chime:us-east-1:111122223333:meeting/m"
)

// statement returns a policy of one grant for the Chime SDK with that condition.
func statement(condition string) string {
	return `{"Statement":{"Effect":"Allow","Principal":{"Service":"meetings.chime.amazonaws.com"},"Action":"SQS:Send*",` +
		`"Resource":"` + testQueue + `","Condition":` + condition + `}}`
}

func TestEvaluate(t *testing.T) {
	for name, c := range map[string]struct {
		policy, source string
		want           answer
	}{
		"no policy":                     {`{}`, newSource, answerNo},
		"no condition":                  {statement(`{}`), newSource, answerYes},
		"new form, new source":          {statement(`{"ArnLike":{"aws:SourceArn":"arn:aws:chime:us-east-1:111122223333:*"}}`), newSource, answerYes},
		"new form, old source":          {statement(`{"ArnLike":{"aws:SourceArn":"arn:aws:chime:us-east-1:111122223333:*"}}`), oldSource, answerNo},
		"old form, new source":          {statement(`{"ArnLike":{"aws:SourceArn":"arn:aws:chime::111122223333:*"}}`), newSource, answerNo},
		"old form, old source":          {statement(`{"ArnEquals":{"AWS:SOURCEARN":"arn:aws:chime::111122223333:*"}}`), oldSource, answerYes},
		"star matches the empty region": {statement(`{"ArnLike":{"aws:SourceArn":"arn:aws:chime:*:111122223333:*"}}`), oldSource, answerYes},
		"a star does not cross a colon": {statement(`{"ArnLike":{"aws:SourceArn":"arn:*:111122223333:*"}}`), newSource, answerNo},
		"a text star does":              {statement(`{"StringLike":{"aws:SourceArn":"arn:*:111122223333:*"}}`), newSource, answerYes},
		"account":                       {statement(`{"StringEquals":{"aws:SourceAccount":["000000000000","111122223333"]}}`), newSource, answerYes},
		"account as a number":           {statement(`{"StringEquals":{"aws:SourceAccount":111122223333}}`), newSource, answerNo},
		"other account":                 {statement(`{"StringEquals":{"aws:SourceAccount":"444455556666"}}`), newSource, answerNo},
		"both have to hold": {
			statement(`{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:chime::1:*"}}`), newSource, answerNo,
		},
		"unknown key":      {statement(`{"StringEquals":{"aws:SourceOrgID":"o-1"}}`), newSource, answerUnsure},
		"unknown operator": {statement(`{"DateGreaterThan":{"aws:CurrentTime":"2020-01-01"}}`), newSource, answerUnsure},
		"if exists":        {statement(`{"ArnLikeIfExists":{"aws:SourceArn":"arn:aws:chime:*:111122223333:*"}}`), newSource, answerYes},
		"secure transport": {statement(`{"Bool":{"aws:SecureTransport":true}}`), newSource, answerYes},
		"not null":         {statement(`{"Null":{"aws:SourceArn":false}}`), newSource, answerYes},
		"negated":          {statement(`{"StringNotEquals":{"aws:SourceAccount":"444455556666"}}`), newSource, answerYes},
		"everybody":        {`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}`, newSource, answerYes},
		"somebody else":    {`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"*","Resource":"*"}]}`, newSource, answerNo},
		"other action":     {`{"Statement":[{"Effect":"Allow","Principal":"*","Action":["sqs:ReceiveMessage"],"Resource":"*"}]}`, newSource, answerNo},
		"not action":       {`{"Statement":[{"Effect":"Allow","Principal":"*","NotAction":"sqs:DeleteQueue","Resource":"*"}]}`, newSource, answerYes},
		"other queue":      {`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"` + testQueue + `-dead"}]}`, newSource, answerNo},
		"denied": {
			`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","NotPrincipal":{"Service":"events.amazonaws.com"},"Action":"*","Resource":"*"}]}`,
			newSource, answerNo,
		},
		"denied to others": {
			`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},` +
				`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`,
			newSource, answerYes,
		},
		"perhaps denied": {
			`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},` +
				`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}]}`,
			newSource, answerUnsure,
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := parseDocument(c.policy)
			require.NoError(t, err)
			require.Equal(t, c.want, doc.evaluate(newCall(principalMeetings, "sqs:SendMessage", testQueue, testAccount, c.source)))
		})
	}
}

func TestUnreadablePolicies(t *testing.T) {
	for _, text := range []string{"", "x", `{"Statement":7}`, `{"Statement":[{"Action":{}}]}`, `{"Statement":[{"Principal":7}]}`} {
		_, err := parseDocument(text)
		require.Error(t, err, "%q", text)
	}
}

// TestBuiltPoliciesLetInWhomTheyShould asks the evaluator about what the builders build, for any scope.
func TestBuiltPoliciesLetInWhomTheyShould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Scope{
			Region: rapid.SampledFrom(controlRegions()).Draw(t, "region"), Account: rapid.StringMatching(`[0-9]{12}`).Draw(t, "account"),
			Namespace: rapid.SampledFrom([]Namespace{NamespaceMeetings, NamespaceChime, NamespaceBoth}).Draw(t, "namespace"),
			Pipelines: rapid.Bool().Draw(t, "pipelines"),
		}
		s.Partition = partitionOf(s.Region)
		queue := s.arn("sqs", "chime")
		built := QueuePolicy(s, "chime", Writers{Direct: true, Rules: []string{"r"}, Topics: []string{"t"}})
		text, err := Compact(built)
		require.NoError(t, err)
		doc, err := parseDocument(text)
		require.NoError(t, err)

		account := rapid.SampledFrom([]string{s.Account, stranger(s.Account)}).Draw(t, "caller")
		region := rapid.SampledFrom([]string{"", chimeRegion, s.Region}).Draw(t, "source region")
		source := "arn:" + s.Partition + ":chime:" + region + ":" + account + ":meeting/m"
		for _, service := range []string{principalMeetings, principalChime, principalPipelines, "evil.amazonaws.com"} {
			named := strings.Contains(strings.Join(s.principals(), " ")+" ", service+" ")
			named = named && (service != principalChime || s.Namespace.old())
			want := yes(named && account == s.Account)
			require.Equal(t, want, doc.evaluate(newCall(service, "sqs:SendMessage", queue, account, source)), service)
			require.Equal(t, answerNo, doc.evaluate(newCall(service, "sqs:ReceiveMessage", queue, account, source)))
		}
		mine := account == s.Account
		require.Equal(t, answerYes, doc.evaluate(newCall(principalEvents, "sqs:SendMessage", queue, s.Account, s.ruleARN("r"))))
		require.Equal(t, answerNo, doc.evaluate(newCall(principalEvents, "sqs:SendMessage", queue, s.Account, s.ruleARN("other"))))
		topic := Scope{Partition: s.Partition, Region: s.Region, Account: account}.arn("sns", "t")
		require.Equal(t, yes(mine), doc.evaluate(newCall(principalTopics, "sqs:SendMessage", queue, account, topic)))
	})
}

// TestWildcardsMatchAsTheirModel compares like with a matcher that is plainly right and slow.
func TestWildcardsMatchAsTheirModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?.+:\n]{0,8}`).Draw(t, "pattern")
		value := rapid.StringMatching(`[ab.+:\n]{0,8}`).Draw(t, "value")
		require.Equal(t, model(pattern, value), like(pattern, value))
	})
}

func model(pattern, value string) bool {
	switch {
	case pattern == "":
		return value == ""
	case pattern[0] == '*':
		return model(pattern[1:], value) || value != "" && model(pattern, value[1:])
	case value == "":
		return false
	}
	return (pattern[0] == '?' || pattern[0] == value[0]) && model(pattern[1:], value[1:])
}

func TestListsOfOneAreWrittenAsTheirElement(t *testing.T) {
	raw, err := json.Marshal(Statement{Effect: "Allow", Action: texts{"a"}, Resource: texts{"b", "c"}})
	require.NoError(t, err)
	require.JSONEq(t, `{"Effect":"Allow","Action":"a","Resource":["b","c"]}`, string(raw))
}
