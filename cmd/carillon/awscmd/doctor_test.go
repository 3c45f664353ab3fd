package awscmd_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors/awslocal"
)

// problems lists what is not ok, as "source check severity".
func problems(r *awscmd.Report) []string {
	var out []string
	for _, f := range r.Findings {
		if f.Severity != awscmd.OK {
			out = append(out, strings.TrimPrefix(f.Source, "sources.")+" "+f.Check+" "+string(f.Severity))
		}
	}
	return out
}

func TestGoodAccountIsHealthy(t *testing.T) {
	c := newCloud(t)
	report, err := c.examine(t, awscmd.Options{Pipelines: true})
	require.NoError(t, err)
	require.Empty(t, problems(report), "%+v", report.Findings)
	require.Equal(t, account, report.Account)
	require.Len(t, report.Findings, report.Count(awscmd.OK))

	checks := map[string]bool{}
	for _, f := range report.Findings {
		checks[f.Source+" "+f.Check] = true
		require.Empty(t, f.Mend)
	}
	for _, check := range []string{
		"queue exists", "queue region", "queue policy", "queue key", "queue redrive", "queue dead_letters", "queue retention", "queue visibility",
		"queue rule", "queue transform", "topic exists", "topic region", "topic policy", "topic key", "topic signature", "topic subscription",
		"topic raw", "topic retries", "topic undelivered", "bus region", "bus rule", "bus transform", "bus undelivered", "bus destination", "bus connection",
	} {
		require.True(t, checks["sources."+check], "nobody looked at %s", check)
	}
}

// bad set-ups: what is changed, and what the doctor has to say about exactly that.
func badSetups() map[string]struct {
	change func(t *testing.T, c *cloud)
	want   []string
} {
	type setup = struct {
		change func(t *testing.T, c *cloud)
		want   []string
	}
	policy := func(w awscmd.Writers) func(*testing.T, *cloud) {
		return func(t *testing.T, c *cloud) {
			t.Helper()
			c.setQueue(t, "chime", map[string]string{"Policy": compact(t, awscmd.QueuePolicy(c.scope, "chime", w))})
		}
	}
	queue := func(name, value string) func(*testing.T, *cloud) {
		return func(t *testing.T, c *cloud) {
			t.Helper()
			c.setQueue(t, "chime", map[string]string{name: value})
		}
	}
	rule := func(change func(*awslocal.Rule)) func(*testing.T, *cloud) {
		return func(t *testing.T, c *cloud) {
			t.Helper()
			c.putRule(t, change)
		}
	}
	chimeOnly := func(condition string) func(*testing.T, *cloud) {
		return func(t *testing.T, c *cloud) {
			t.Helper()
			doc := awscmd.QueuePolicy(c.scope, "chime", awscmd.Writers{Rules: []string{"chime"}, Topics: []string{"chime"}})
			text := strings.TrimSuffix(compact(t, doc), "]}") + `,{"Effect":"Allow","Principal":{"Service":["meetings.chime.amazonaws.com"]},` +
				`"Action":"SQS:SendMessage","Resource":"` + c.QueueARN("chime") + `","Condition":` + condition + `}]}`
			c.setQueue(t, "chime", map[string]string{"Policy": text})
		}
	}
	return map[string]setup{
		"the queue does not exist": {func(t *testing.T, c *cloud) {
			t.Helper()
			_, err := c.sqs.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &c.queue})
			require.NoError(t, err)
		}, []string{"queue exists wrong"}},
		"nobody may write":     {queue("Policy", `{"Statement":[]}`), []string{"queue policy warn", "queue policy wrong", "queue policy wrong"}},
		"the policy is broken": {queue("Policy", `{`), []string{"queue policy wrong"}},
		"the rule may not write": {
			policy(awscmd.Writers{Direct: true, Topics: []string{"chime"}}), []string{"queue policy wrong"},
		},
		"the topic may not write": {
			policy(awscmd.Writers{Direct: true, Rules: []string{"chime"}}), []string{"queue policy wrong"},
		},
		"only rule and topic may write": {
			policy(awscmd.Writers{Rules: []string{"chime"}, Topics: []string{"chime"}}), []string{"queue policy warn"},
		},
		"only the old form of the ARN": {
			chimeOnly(`{"ArnLike":{"aws:SourceArn":"arn:aws:chime::111122223333:*"}}`), []string{"queue policy warn"},
		},
		"only the new form of the ARN": {
			chimeOnly(`{"ArnLike":{"aws:SourceArn":"arn:aws:chime:us-east-1:111122223333:*"}}`), []string{"queue policy warn"},
		},
		"both forms": {
			chimeOnly(`{"ArnLike":{"aws:SourceArn":["arn:aws:chime::111122223333:*","arn:aws:chime:us-east-1:111122223333:*"]}}`), nil,
		},
		"the account alone":     {chimeOnly(`{"StringEquals":{"aws:SourceAccount":"111122223333"}}`), nil},
		"another account":       {chimeOnly(`{"StringEquals":{"aws:SourceAccount":"444455556666"}}`), []string{"queue policy warn"}},
		"every account":         {chimeOnly(`{}`), []string{"queue deputy warn"}},
		"a condition of others": {chimeOnly(`{"StringEquals":{"aws:SourceOrgID":"o-1"}}`), []string{"queue policy warn"}},
		"AWS managed key":       {queue("KmsMasterKeyId", "alias/aws/sqs"), []string{"queue key wrong"}},
		"a key that is gone":    {queue("KmsMasterKeyId", "alias/mine"), []string{"queue key wrong"}},
		"one receive":           {redrivePolicy("chime-dead", "1"), []string{"queue redrive wrong"}},
		"two receives":          {redrivePolicy("chime-dead", "2"), []string{"queue redrive wrong"}},
		"no dead-letter queue":  {queue("RedrivePolicy", ""), []string{"queue redrive warn"}},
		"it does not exist":     {redrivePolicy("gone", "10"), []string{"queue dead_letters wrong"}},
		"it forgets earlier": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.setQueue(t, "chime-dead", map[string]string{"MessageRetentionPeriod": "86400"})
		}, []string{"queue dead_letters wrong"}},
		"it forgets at the same time": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.setQueue(t, "chime-dead", map[string]string{"MessageRetentionPeriod": "345600"})
		}, []string{"queue dead_letters warn"}},
		"kept for ten minutes":        {queue("MessageRetentionPeriod", "600"), []string{"queue retention wrong"}},
		"kept for two hours":          {queue("MessageRetentionPeriod", "7200"), []string{"queue retention warn"}},
		"kept longer than remembered": {queue("MessageRetentionPeriod", "432000"), []string{"queue memory warn"}},
		"never hidden":                {queue("VisibilityTimeout", "0"), []string{"queue visibility wrong"}},
		"hidden for ten seconds":      {queue("VisibilityTimeout", "10"), []string{"queue visibility warn"}},
		"hidden for half a day":       {queue("VisibilityTimeout", "43200"), []string{"queue visibility warn"}},
		"delayed":                     {queue("DelaySeconds", "30"), []string{"queue delay warn"}},
		"small messages only":         {queue("MaximumMessageSize", "1024"), []string{"queue size warn"}},
		"a FIFO queue": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.createQueue(t, "chime.fifo", map[string]string{
				"FifoQueue": "true", "Policy": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":` +
					`{"StringEquals":{"aws:SourceAccount":"111122223333"}}}}`, "RedrivePolicy": `{"deadLetterTargetArn":"` + c.QueueARN("chime-dead") + `","maxReceiveCount":10}`,
			})
			c.yaml = strings.Replace(c.yaml, c.queue, c.QueueURL("chime.fifo"), 1)
		}, []string{"queue fifo warn"}},

		"the topic does not exist": {func(t *testing.T, c *cloud) {
			t.Helper()
			_, err := c.sns.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: &c.topic})
			require.NoError(t, err)
		}, []string{"topic exists wrong"}},
		"Chime may not publish": {func(t *testing.T, c *cloud) { t.Helper(); c.setTopic(t, "Policy", `{}`) }, []string{"topic policy wrong"}},
		"AWS managed key of SNS": {
			func(t *testing.T, c *cloud) {
				t.Helper()
				c.setTopic(t, "KmsMasterKeyId", "arn:aws:kms:us-east-1:111122223333:alias/aws/sns")
			},
			[]string{"topic key wrong"},
		},
		"SHA-1, refused": {func(t *testing.T, c *cloud) { t.Helper(); c.setTopic(t, "SignatureVersion", "1") }, []string{"topic signature wrong"}},
		"SHA-1, taken": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.setTopic(t, "SignatureVersion", "1")
			c.yaml = strings.Replace(c.yaml, "require_signature_version: 2", "require_signature_version: 0", 1)
		}, []string{"topic signature warn"}},
		"raw": {func(t *testing.T, c *cloud) { t.Helper(); c.setSubscription(t, "RawMessageDelivery", "true") }, []string{"topic raw wrong"}},
		"soon given up": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.setSubscription(t, "DeliveryPolicy", `{"healthyRetryPolicy":{"numRetries":3,"minDelayTarget":20,"maxDelayTarget":20}}`)
		}, []string{"topic retries warn"}},
		"its dead letters are refused": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.setSubscription(t, "RedrivePolicy", `{"deadLetterTargetArn":"`+c.QueueARN("chime")+`"}`)
			c.setQueue(t, "chime", map[string]string{"Policy": compact(t, awscmd.QueuePolicy(c.scope, "chime", awscmd.Writers{Direct: true, Rules: []string{"chime"}}))})
		}, []string{"queue policy wrong", "topic undelivered wrong"}},
		"its dead-letter queue is gone": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.setSubscription(t, "RedrivePolicy", `{"deadLetterTargetArn":"`+c.QueueARN("gone")+`"}`)
		}, []string{"topic undelivered wrong"}},
		"not subscribed": {func(t *testing.T, c *cloud) {
			t.Helper()
			_, err := c.sns.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: &c.subscription})
			require.NoError(t, err)
		}, []string{"topic subscription wrong"}},
		"subscribed elsewhere": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.yaml = strings.Replace(c.yaml, "path: /sns", "path: /hooks/chime", 1)
		}, []string{"topic subscription wrong"}},
		"waiting for confirmation": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.yaml = strings.Replace(c.yaml, "path: /sns", "path: /other/sns", 1)
			_, err := c.sns.Subscribe(t.Context(), &sns.SubscribeInput{
				TopicArn: &c.topic, Protocol: aws.String("https"), Endpoint: aws.String(c.public + "/other/sns"),
			})
			require.NoError(t, err)
		}, []string{"topic subscription wrong"}},
		"not subscribed by itself": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.yaml = strings.Replace(c.yaml, "path: /sns", `path: /sns, subscribe: {endpoint: "https://carillon.example.com/sns"}`, 1)
		}, []string{"topic subscription wrong"}},
		"subscribed by itself": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.yaml = strings.Replace(c.yaml, "path: /sns", `path: /sns, subscribe: {endpoint: "`+c.public+`/sns"}`, 1)
		}, nil},
		"not encrypted, and once": {func(t *testing.T, c *cloud) {
			t.Helper()
			c.yaml = strings.Replace(c.yaml, "path: /sns", "path: /plain/sns", 1)
			_, err := c.sns.Subscribe(t.Context(), &sns.SubscribeInput{
				TopicArn: &c.topic, Protocol: aws.String("http"), Endpoint: aws.String("http://127.0.0.1:1/plain/sns"),
			})
			require.NoError(t, err)
		}, []string{"topic subscription_http warn", "topic subscription wrong"}},

		"no rule":                {func(t *testing.T, c *cloud) { t.Helper(); c.DeleteRule("chime") }, []string{"bus rule wrong"}},
		"a rule for others":      {rule(func(r *awslocal.Rule) { r.Sources = []string{"aws.s3"} }), []string{"bus rule wrong"}},
		"disabled":               {rule(func(r *awslocal.Rule) { r.Disabled = true }), []string{"queue rule wrong", "bus rule wrong"}},
		"constant input":         {rule(func(r *awslocal.Rule) { r.Input = `{}` }), []string{"queue transform wrong", "bus transform wrong"}},
		"records of CloudTrail":  {rule(func(r *awslocal.Rule) { r.DetailTypes = nil }), []string{"queue cloudtrail warn", "bus cloudtrail warn"}},
		"meetings left out":      {rule(func(r *awslocal.Rule) { r.DetailTypes = r.DetailTypes[1:] }), []string{"queue pattern wrong", "bus pattern wrong"}},
		"posted elsewhere":       {rule(func(r *awslocal.Rule) { r.Destination.URL += "/v2" }), []string{"bus rule wrong"}},
		"other header":           {rule(func(r *awslocal.Rule) { r.Destination.KeyHeader = "x-other" }), []string{"bus connection wrong"}},
		"user and password":      {rule(func(r *awslocal.Rule) { r.Destination.User, r.Destination.Password = "u", "p" }), []string{"bus connection wrong"}},
		"no dead letters":        {rule(func(r *awslocal.Rule) { r.Destination.DeadLetter = "" }), []string{"bus undelivered warn"}},
		"tried twice":            {rule(func(r *awslocal.Rule) { r.Destination.Retries = 2 }), []string{"bus target_retries warn"}},
		"tried for a minute":     {rule(func(r *awslocal.Rule) { r.Destination.MaxAge = time.Minute }), []string{"bus target_retries warn"}},
		"dead-letter queue gone": {rule(func(r *awslocal.Rule) { r.Destination.DeadLetter = "gone" }), []string{"bus undelivered wrong"}},
	}
}

func redrivePolicy(target, count string) func(*testing.T, *cloud) {
	return func(t *testing.T, c *cloud) {
		t.Helper()
		c.setQueue(t, "chime", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + c.QueueARN(target) + `","maxReceiveCount":"` + count + `"}`})
	}
}

func TestBadAccountsAreDiagnosed(t *testing.T) {
	c := newCloud(t)
	for name, setup := range badSetups() {
		t.Run(name, func(t *testing.T) {
			c.reset(t)
			setup.change(t, c)
			report, err := c.examine(t, awscmd.Options{})
			require.NoError(t, err)
			require.ElementsMatch(t, setup.want, problems(report), "%+v", report.Findings)
			for _, f := range report.Findings {
				require.NotEmpty(t, f.What)
				require.NotContains(t, f.What+f.Why+f.Mend, apiKey)
				if f.Severity != awscmd.OK {
					require.NotEmpty(t, f.Why+f.Mend, f.What)
				}
			}
		})
	}
}

func TestNamespacesAndQueuesByName(t *testing.T) {
	c := newCloud(t)
	report, err := c.examine(t, awscmd.Options{Namespace: awscmd.NamespaceBoth})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"queue policy warn", "topic policy wrong"}, problems(report), "chime.amazonaws.com is not let in")
	_, err = c.examine(t, awscmd.Options{Namespace: "none"})
	require.ErrorContains(t, err, "namespace:")

	for _, name := range []string{c.QueueARN("chime"), account + "/chime", "chime"} {
		c.yaml = strings.NewReplacer("queue_url:", "queue:", c.queue, name, "region: us-east-1,", `region: us-east-1, endpoint: "`+c.Endpoint()+`",`).Replace(c.yaml)
		report, err = c.examine(t, awscmd.Options{Retention: time.Hour})
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"queue memory warn"}, problems(report))
		c.yaml = strings.Replace(c.yaml, `"`+name+`"`, `"`+c.queue+`"`, 1)
		c.yaml = strings.Replace(c.yaml, ` endpoint: "`+c.Endpoint()+`",`, "", 1)
		c.yaml = strings.Replace(c.yaml, "{type: sqs, queue:", "{type: sqs, queue_url:", 1)
	}
}

func TestWhatMayNotBeReadIsReported(t *testing.T) {
	c := newCloud(t)
	denied := &awslocal.APIError{Status: 403, Code: "AccessDenied", Message: "not authorized to perform it"}
	for operation, want := range map[string][]string{
		"sqs:GetQueueAttributes":        {"queue access wrong", "topic undelivered warn", "bus undelivered warn"},
		"sns:GetTopicAttributes":        {"topic access wrong"},
		"sns:ListSubscriptions":         {"queue access warn"},
		"sns:ListSubscriptionsByTopic":  {"topic access warn"},
		"sns:GetSubscriptionAttributes": {"topic access warn"},
		"events:ListRules":              {"queue access warn", "topic access warn", "bus access wrong"},
		"events:ListTargetsByRule":      {"queue access warn", "topic access warn", "bus access wrong"},
		"events:DescribeApiDestination": {"bus access warn"},
		"events:DescribeConnection":     {"bus access warn"},
		"sts:GetCallerIdentity":         {"bus credentials warn", "topic credentials warn"},
	} {
		t.Run(operation, func(t *testing.T) {
			c.reset(t)
			c.SetFaults(awslocal.Faults{Call: func(_ context.Context, asked string) error {
				if asked == operation {
					return denied
				}
				return nil
			}})
			report, err := c.examine(t, awscmd.Options{})
			require.NoError(t, err)
			require.ElementsMatch(t, want, problems(report), "%+v", report.Findings)
		})
	}
}

func TestRefusedCredentialsAreReported(t *testing.T) {
	c := newCloud(t)
	c.SetFaults(awslocal.Faults{Call: func(context.Context, string) error {
		return &awslocal.APIError{Status: 403, Code: "InvalidClientTokenId", Message: "the security token is invalid"}
	}})
	report, err := c.examine(t, awscmd.Options{})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"queue credentials wrong", "topic credentials wrong", "bus credentials wrong"}, problems(report))
}

func TestUnreachableAccountIsReported(t *testing.T) {
	c := newCloud(t)
	c.yaml = strings.NewReplacer(c.queue, "http://127.0.0.1:1/111122223333/chime", c.Endpoint(), "http://127.0.0.1:1").Replace(c.yaml)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	report, err := c.examine(t, awscmd.Options{})
	require.NoError(t, err)
	require.Contains(t, problems(report), "queue access wrong")
	require.Contains(t, problems(report), "topic access wrong")
	require.Contains(t, problems(report), "bus access wrong")
}

// TestMissingCredentialsAreExplained keeps the SDK from finding any: no environment, no files, no metadata service.
func TestMissingCredentialsAreExplained(t *testing.T) {
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
	empty := t.TempDir() + "/none"
	t.Setenv("AWS_CONFIG_FILE", empty)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", empty)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	c := &cloud{yaml: `sources: {bus: {type: eventbridge, path: /eventbridge, auth: {api_key: {value: "` + apiKey + `"}}}}`}
	_, err := c.examine(t, awscmd.Options{Region: "us-east-1"})
	require.ErrorContains(t, err, "finding AWS credentials")
	for _, way := range []string{"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "role", "carillon aws policy consumer --doctor"} {
		require.ErrorContains(t, err, way)
	}
	_, err = c.examine(t, awscmd.Options{})
	require.ErrorContains(t, err, "--region")

	c.yaml = "sources: {}"
	_, err = c.examine(t, awscmd.Options{})
	require.ErrorContains(t, err, "no source of type sqs, sns or eventbridge")
}

// TestReportIsReadable compares the text for people with a golden file.
func TestReportIsReadable(t *testing.T) {
	report := awscmd.Report{Account: account, Findings: []awscmd.Finding{
		{Source: "sources.queue", Check: "exists", Severity: awscmd.OK, What: "queue chime exists"},
		{Source: "sources.queue", Check: "key", Severity: awscmd.Wrong, What: "messages are encrypted", Why: "Nobody may write.\nReally.", Mend: "aws sqs one\naws sqs two"},
		{Source: "sources.topic", Check: "signature", Severity: awscmd.Warn, What: "SHA-1", Why: "Old.", Mend: "aws sns set"},
	}}
	var b strings.Builder
	require.NoError(t, report.WriteText(&b))
	golden(t, "report.txt", b.String())
	require.Error(t, report.WriteText(broken{}))
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
