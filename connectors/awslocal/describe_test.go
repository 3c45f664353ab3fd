package awslocal_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

func TestRulesAreDescribed(t *testing.T) {
	l := start(t, awslocal.Options{})
	l.queue(t, "chime", nil)
	require.NoError(t, l.PutRule(awslocal.Rule{
		Name: "chime", Sources: []string{"aws.chime"}, DetailTypes: []string{"x"}, Queue: l.QueueURL("chime"), DeadLetter: "dead", Input: `{}`,
		Destination: &awslocal.Destination{URL: "https://127.0.0.1:1/eventbridge", KeyHeader: "x-api-key", Key: "k", Retries: 3, DeadLetter: "dead"},
	}))
	require.NoError(t, l.PutRule(awslocal.Rule{
		Name: "other", Disabled: true, Destination: &awslocal.Destination{URL: "https://127.0.0.1:1/", User: "u", Password: "p"},
	}))
	rules, err := l.events.ListRules(t.Context(), &eventbridge.ListRulesInput{EventBusName: aws.String("default")})
	require.NoError(t, err)
	require.Len(t, rules.Rules, 2)
	require.JSONEq(t, `{"source":["aws.chime"],"detail-type":["x"]}`, *rules.Rules[0].EventPattern)
	require.Equal(t, "arn:aws:events:us-east-1:444455556666:rule/chime", *rules.Rules[0].Arn)
	require.Equal(t, types.RuleStateEnabled, rules.Rules[0].State)
	require.Equal(t, types.RuleStateDisabled, rules.Rules[1].State)
	rules, err = l.events.ListRules(t.Context(), &eventbridge.ListRulesInput{NamePrefix: aws.String("oth")})
	require.NoError(t, err)
	require.Len(t, rules.Rules, 1)

	targets, err := l.events.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: aws.String("chime")})
	require.NoError(t, err)
	require.Len(t, targets.Targets, 2)
	queue, post := targets.Targets[0], targets.Targets[1]
	require.Equal(t, l.QueueARN("chime"), *queue.Arn)
	require.Equal(t, l.QueueARN("dead"), *queue.DeadLetterConfig.Arn)
	require.Equal(t, `{}`, *queue.Input)
	require.Equal(t, int32(3), *post.RetryPolicy.MaximumRetryAttempts)
	require.Equal(t, int32(86400), *post.RetryPolicy.MaximumEventAgeInSeconds)

	destination, err := l.events.DescribeApiDestination(t.Context(), &eventbridge.DescribeApiDestinationInput{Name: aws.String("chime")})
	require.NoError(t, err)
	require.Equal(t, "https://127.0.0.1:1/eventbridge", *destination.InvocationEndpoint)
	key, err := l.events.DescribeConnection(t.Context(), &eventbridge.DescribeConnectionInput{Name: aws.String("chime")})
	require.NoError(t, err)
	require.Equal(t, "x-api-key", *key.AuthParameters.ApiKeyAuthParameters.ApiKeyName)
	basic, err := l.events.DescribeConnection(t.Context(), &eventbridge.DescribeConnectionInput{Name: aws.String("other")})
	require.NoError(t, err)
	require.Equal(t, types.ConnectionAuthorizationTypeBasic, basic.AuthorizationType)
	require.Equal(t, "u", *basic.AuthParameters.BasicAuthParameters.Username)
}

func TestWhatIsNotThereIsNotDescribed(t *testing.T) {
	l := start(t, awslocal.Options{})
	var missing *types.ResourceNotFoundException
	_, err := l.events.ListRules(t.Context(), &eventbridge.ListRulesInput{EventBusName: aws.String("mine")})
	require.ErrorAs(t, err, &missing)
	_, err = l.events.ListTargetsByRule(t.Context(), &eventbridge.ListTargetsByRuleInput{Rule: aws.String("none")})
	require.ErrorAs(t, err, &missing)
	_, err = l.events.DescribeApiDestination(t.Context(), &eventbridge.DescribeApiDestinationInput{Name: aws.String("none")})
	require.ErrorAs(t, err, &missing)
	_, err = l.events.DescribeConnection(t.Context(), &eventbridge.DescribeConnectionInput{Name: aws.String("none")})
	require.ErrorAs(t, err, &missing)
}

func TestDisabledRulesAndConstantInput(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "q", nil)
	dead := l.queue(t, "dead", nil)
	event := []byte(`{"source":"aws.chime","detail-type":"x","detail":{}}`)
	put := func(change func(*awslocal.Rule)) {
		r := awslocal.Rule{Name: "r", Queue: "q", DeadLetter: "dead"}
		change(&r)
		require.NoError(t, l.PutRule(r))
		require.NoError(t, l.Inject(event))
	}
	put(func(r *awslocal.Rule) { r.Disabled = true })
	require.Empty(t, l.receive(t, url, 0))
	put(func(r *awslocal.Rule) { r.Input = `{"constant":true}` })
	require.Equal(t, []string{`{"constant":true}`}, bodies(l.receive(t, url, 0)))
	put(func(r *awslocal.Rule) { r.Queue = "gone" })
	require.Equal(t, []string{string(event)}, bodies(l.receive(t, dead, 0)))
	require.Equal(t, uint64(1), l.Stats().EventBridge.DeadLettered)
}

func TestCallerAndSubscriptionsAreNamed(t *testing.T) {
	l := start(t, awslocal.Options{Account: "111122223333"})
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := sts.NewFromConfig(aws.Config{
		Region: l.Region(), BaseEndpoint: aws.String(l.Endpoint()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIDLOCAL", "local", ""),
	})
	who, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	require.NoError(t, err)
	require.Equal(t, "111122223333", *who.Account)

	topic := l.topic(t, "2")
	l.queue(t, "q", nil)
	_, err = l.sns.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: aws.String(l.QueueARN("q"))})
	require.NoError(t, err)
	all, err := l.sns.ListSubscriptions(t.Context(), &sns.ListSubscriptionsInput{})
	require.NoError(t, err)
	require.Len(t, all.Subscriptions, 1)
	require.Equal(t, l.QueueARN("q"), *all.Subscriptions[0].Endpoint)
	require.Equal(t, *topic, *all.Subscriptions[0].TopicArn)
}

// TestDeliveryPolicyOfASubscription keeps to three retries, 0 s, 10 s and 30 s apart, and to a dead-letter queue.
func TestDeliveryPolicyOfASubscription(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	topic := l.topic(t, "2")
	dead := l.queue(t, "dead", nil)
	arn := l.subscribe(t, topic, e, false)
	set := func(name, value string) error {
		_, err := l.sns.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{
			SubscriptionArn: arn, AttributeName: &name, AttributeValue: &value,
		})
		return err
	}
	policy := `{"healthyRetryPolicy":{"numRetries":3,"numNoDelayRetries":1,"numMinDelayRetries":1,"numMaxDelayRetries":1,"minDelayTarget":10,"maxDelayTarget":30}}`
	require.NoError(t, set("DeliveryPolicy", policy))
	require.NoError(t, set("RedrivePolicy", `{"deadLetterTargetArn":"`+l.QueueARN("dead")+`"}`))
	got, err := l.sns.GetSubscriptionAttributes(t.Context(), &sns.GetSubscriptionAttributesInput{SubscriptionArn: arn})
	require.NoError(t, err)
	require.Equal(t, policy, got.Attributes["EffectiveDeliveryPolicy"])
	require.Contains(t, got.Attributes["RedrivePolicy"], "dead")

	e.then(status(500), status(500), status(500), status(500))
	l.publish(t, topic, "nobody listens")
	take(t, e.got)
	take(t, e.got)
	for _, pause := range []time.Duration{10 * time.Second, 30 * time.Second} {
		l.untilIdle(t)
		l.Advance(pause - time.Second)
		select {
		case <-e.got:
			require.Fail(t, "delivered too early")
		case <-time.After(20 * time.Millisecond):
		}
		l.Advance(time.Second)
		take(t, e.got)
	}
	l.untilBacklog(t, 0)
	require.Equal(t, uint64(1), l.Stats().SNS.DeadLettered)
	require.Contains(t, bodies(l.receive(t, dead, 0))[0], "nobody listens")

	for name, value := range map[string]string{
		"no JSON": "x", "no policy": `{}`, "too many": `{"healthyRetryPolicy":{"numRetries":101,"minDelayTarget":1,"maxDelayTarget":1}}`,
		"too long":   `{"healthyRetryPolicy":{"numRetries":61,"minDelayTarget":60,"maxDelayTarget":60}}`,
		"phases":     `{"healthyRetryPolicy":{"numRetries":1,"numNoDelayRetries":2,"minDelayTarget":1,"maxDelayTarget":1}}`,
		"upside":     `{"healthyRetryPolicy":{"numRetries":1,"minDelayTarget":2,"maxDelayTarget":1}}`,
		"no seconds": `{"healthyRetryPolicy":{"numRetries":1}}`,
	} {
		require.Error(t, set("DeliveryPolicy", value), name)
	}
	require.Error(t, set("RedrivePolicy", "{}"))
	require.Error(t, set("FilterPolicy", "{}"))
}

// TestGrowingPauses goes from the least pause to the most in even steps.
func TestGrowingPauses(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	topic := l.topic(t, "2")
	arn := l.subscribe(t, topic, e, false)
	_, err := l.sns.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{
		SubscriptionArn: arn, AttributeName: aws.String("DeliveryPolicy"),
		AttributeValue: aws.String(`{"healthyRetryPolicy":{"numRetries":2,"minDelayTarget":10,"maxDelayTarget":40}}`),
	})
	require.NoError(t, err)
	e.then(status(500), status(500))
	l.publish(t, topic, "x")
	take(t, e.got)
	for _, pause := range []time.Duration{20 * time.Second, 30 * time.Second} {
		l.untilIdle(t)
		l.Advance(pause)
		take(t, e.got)
	}
	l.untilBacklog(t, 0)
	require.Equal(t, uint64(0), l.Stats().SNS.Dropped)
}
