package awslocal_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

func (l *local) topic(t *testing.T, version string) *string {
	t.Helper()
	out, err := l.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{
		Name: aws.String("chime"), Attributes: map[string]string{"SignatureVersion": version},
	})
	require.NoError(t, err)
	require.Equal(t, l.TopicARN("chime"), *out.TopicArn)
	return out.TopicArn
}

// subscribe subscribes and confirms an HTTP endpoint and returns the ARN.
func (l *local) subscribe(t *testing.T, topic *string, e *endpoint, raw bool) *string {
	t.Helper()
	out, err := l.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("http"), Endpoint: &e.url,
		Attributes: map[string]string{"RawMessageDelivery": strconv.FormatBool(raw)},
	})
	require.NoError(t, err)
	require.Equal(t, "pending confirmation", *out.SubscriptionArn)
	m := verified(t, l, take(t, e.got))
	require.Equal(t, "SubscriptionConfirmation", m["Type"])
	confirmed, err := l.sns.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{
		TopicArn: topic, Token: aws.String(m["Token"].(string)),
	})
	require.NoError(t, err)
	return confirmed.SubscriptionArn
}

func (l *local) publish(t *testing.T, topic *string, message string) string {
	t.Helper()
	out, err := l.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: &message})
	require.NoError(t, err)
	return *out.MessageId
}

func TestHTTPEndpointIsConfirmedAndGetsSignedMessages(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		t.Run("version "+version, func(t *testing.T) {
			l, e := start(t, awslocal.Options{}), newEndpoint(t)
			topic := l.topic(t, version)
			arn := l.subscribe(t, topic, e, false)
			require.True(t, strings.HasPrefix(*arn, *topic+":"))

			out, err := l.sns.Publish(t.Context(), &sns.PublishInput{
				TopicArn: topic, Message: aws.String(`{"detail":"<&>ü"}`), Subject: aws.String("ring"),
				MessageAttributes: map[string]types.MessageAttributeValue{
					"kind": {DataType: aws.String("String"), StringValue: aws.String("v")},
				},
			})
			require.NoError(t, err)
			p := take(t, e.got)
			m := verified(t, l, p)
			require.Equal(t, version, m["SignatureVersion"])
			require.JSONEq(t, `{"detail":"<&>ü"}`, m["Message"].(string))
			require.Equal(t, "ring", m["Subject"])
			require.Equal(t, *out.MessageId, m["MessageId"])
			require.Equal(t, map[string]any{"kind": map[string]any{"Type": "String", "Value": "v"}}, m["MessageAttributes"])
			require.Contains(t, m["UnsubscribeURL"], url.QueryEscape(*arn))
			require.Equal(t, "text/plain; charset=UTF-8", p.header.Get("Content-Type"))
			require.Equal(t, "Amazon Simple Notification Service Agent", p.header.Get("User-Agent"))
			require.Equal(t, "Notification", p.header.Get("X-Amz-Sns-Message-Type"))
			require.Equal(t, *out.MessageId, p.header.Get("X-Amz-Sns-Message-Id"))
			require.Equal(t, *topic, p.header.Get("X-Amz-Sns-Topic-Arn"))
			require.Equal(t, *arn, p.header.Get("X-Amz-Sns-Subscription-Arn"))
		})
	}
}

func TestMessageIsRedeliveredUnchangedAfterAnError(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	topic := l.topic(t, "1")
	l.subscribe(t, topic, e, false)
	e.then(status(503), func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	id := l.publish(t, topic, "x")
	first := take(t, e.got)
	l.untilIdle(t)
	l.Advance(20 * time.Second) // the connection breaks
	require.Eventually(t, func() bool { return l.Stats().SNS.Retried == 1 }, 10*time.Second, time.Millisecond)
	l.untilIdle(t)
	l.Advance(20 * time.Second)
	third := take(t, e.got)
	require.Equal(t, first.body, third.body)
	require.Equal(t, id, verified(t, l, third)["MessageId"])
}

func TestMessageIsDroppedAfterTheLastRetry(t *testing.T) {
	l, e := start(t, awslocal.Options{Redelivery: awslocal.Redelivery{Retries: 2, Delay: time.Millisecond}}), newEndpoint(t)
	topic := l.topic(t, "1")
	l.subscribe(t, topic, e, false)
	e.then(status(500), status(599), status(500))
	l.publish(t, topic, "x")
	for range 3 {
		take(t, e.got)
	}
	l.untilBacklog(t, 0)
	require.Equal(t, awslocal.DeliveryStats{Delivered: 1, Retried: 2, Dropped: 1}, l.Stats().SNS)
}

func TestClientErrorCountsAsDelivered(t *testing.T) {
	l, e := start(t, awslocal.Options{Redelivery: awslocal.Redelivery{Delay: time.Millisecond}}), newEndpoint(t)
	topic := l.topic(t, "1")
	l.subscribe(t, topic, e, false)
	e.then(status(429), status(302))
	l.publish(t, topic, "x")
	l.publish(t, topic, "y")
	take(t, e.got)
	take(t, e.got)
	l.untilBacklog(t, 0)
	require.Equal(t, awslocal.DeliveryStats{Delivered: 3}, l.Stats().SNS)
}

// untilBacklog waits until so many deliveries are pending.
func (l *local) untilBacklog(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return l.Stats().Backlog == n }, 10*time.Second, time.Millisecond)
}

// untilIdle waits until no delivery is being attempted: what is pending waits for its time.
func (l *local) untilIdle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return l.Stats().Running == 0 }, 10*time.Second, time.Millisecond)
}

func TestRawDeliveryToHTTP(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	topic := l.topic(t, "1")
	l.subscribe(t, topic, e, true)
	l.publish(t, topic, "as it is")
	p := take(t, e.got)
	require.Equal(t, "as it is", string(p.body))
	require.Equal(t, "true", p.header.Get("X-Amz-Sns-Rawdelivery"))
}

func TestEndpointCredentialsAreSentAfterAChallenge(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	topic := l.topic(t, "1")
	e.then(func(w http.ResponseWriter) {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	_, err := l.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("http"),
		Endpoint: aws.String(strings.Replace(e.url, "http://", "http://user:word@", 1)),
	})
	require.NoError(t, err)
	require.Empty(t, take(t, e.got).header.Get("Authorization"))
	require.Equal(t, "Basic dXNlcjp3b3Jk", take(t, e.got).header.Get("Authorization"))
}

func TestSubscriptionsAreListedAndEnd(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	topic := l.topic(t, "2")
	arn := l.subscribe(t, topic, e, false)
	list := func() []types.Subscription {
		out, err := l.sns.ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: topic})
		require.NoError(t, err)
		return out.Subscriptions
	}
	require.Len(t, list(), 1)
	require.Equal(t, arn, list()[0].SubscriptionArn)
	require.Equal(t, e.url, *list()[0].Endpoint)
	got, err := l.sns.GetSubscriptionAttributes(t.Context(), &sns.GetSubscriptionAttributesInput{SubscriptionArn: arn})
	require.NoError(t, err)
	require.Equal(t, "false", got.Attributes["PendingConfirmation"])

	_, err = l.sns.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: arn})
	require.NoError(t, err)
	require.Empty(t, list())
	farewell := verified(t, l, take(t, e.got))
	require.Equal(t, "UnsubscribeConfirmation", farewell["Type"])
	l.publish(t, topic, "to nobody")

	// The URL in the message brings the subscription back.
	resp, err := (&http.Client{Transport: l.CertTransport()}).Get(farewell["SubscribeURL"].(string))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, arn, list()[0].SubscriptionArn)
	l.publish(t, topic, "heard again")
	require.Equal(t, "heard again", verified(t, l, take(t, e.got))["Message"])
}

func TestTopicToQueue(t *testing.T) {
	l := start(t, awslocal.Options{})
	topic, wrapped, raw := l.topic(t, "2"), l.queue(t, "wrapped", nil), l.queue(t, "raw", nil)
	for name, attributes := range map[string]map[string]string{"wrapped": nil, "raw": {"RawMessageDelivery": "true"}} {
		out, err := l.sns.Subscribe(t.Context(), &sns.SubscribeInput{
			TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: aws.String(l.QueueARN(name)), Attributes: attributes,
		})
		require.NoError(t, err)
		require.NotEqual(t, "pending confirmation", *out.SubscriptionArn)
	}
	out, err := l.sns.PublishBatch(t.Context(), &sns.PublishBatchInput{
		TopicArn: topic, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
			{Id: aws.String("a"), Message: aws.String(`{"n":1}`), MessageAttributes: map[string]types.MessageAttributeValue{
				"kind": {DataType: aws.String("String"), StringValue: aws.String("v")},
			}},
			{Id: aws.String("b"), Message: aws.String("x"), Subject: aws.String(strings.Repeat("s", 101))},
		},
	})
	require.NoError(t, err)
	require.Len(t, out.Successful, 1)
	require.Equal(t, "b", *out.Failed[0].Id)
	require.Equal(t, "InvalidParameter", *out.Failed[0].Code)

	got := l.receive(t, raw, 0)
	require.Equal(t, []string{`{"n":1}`}, bodies(got))
	require.Equal(t, "v", *got[0].MessageAttributes["kind"].StringValue)
	inQueue := l.receive(t, wrapped, 0)
	require.Len(t, inQueue, 1)
	require.Empty(t, inQueue[0].MessageAttributes)
	m := verified(t, l, posted{body: []byte(*inQueue[0].Body)})
	require.JSONEq(t, `{"n":1}`, m["Message"].(string))
	require.Equal(t, *out.Successful[0].MessageId, m["MessageId"])

	require.NoError(t, l.Notify(*topic, "from the service"))
	require.Equal(t, []string{"from the service"}, bodies(l.receive(t, raw, 0)))
}

func TestTopicRequestsAreRefused(t *testing.T) {
	l := start(t, awslocal.Options{MaxDeliveries: 1})
	topic, e := l.topic(t, "1"), newEndpoint(t)
	var invalid *types.InvalidParameterException
	var missing *types.NotFoundException
	_, err := l.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: aws.String(l.TopicARN("none")), Message: aws.String("x")})
	require.ErrorAs(t, err, &missing)
	_, err = l.sns.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{
		TopicArn: topic, AttributeName: aws.String("SignatureVersion"), AttributeValue: aws.String("3"),
	})
	require.ErrorAs(t, err, &invalid)
	_, err = l.sns.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic, Token: aws.String("guess")})
	require.ErrorAs(t, err, &invalid)
	_, err = l.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("https"), Endpoint: &e.url,
	})
	require.ErrorAs(t, err, &invalid)
	_, err = l.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String(strings.Repeat("x", 256<<10+1))})
	require.ErrorAs(t, err, &invalid)

	l.subscribe(t, topic, e, false)
	l.untilBacklog(t, 0)
	e.then(status(500))
	l.publish(t, topic, "waits for its retry")
	take(t, e.got)
	_, err = l.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: aws.String("no room")})
	require.Equal(t, "Throttled", code(err))
	_, err = l.sns.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: topic})
	require.NoError(t, err)
	_, err = l.sns.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: topic})
	require.ErrorAs(t, err, &missing)
}

func TestTopicAttributesTakeEffect(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	topic := l.topic(t, "1")
	arn := l.subscribe(t, topic, e, false)
	_, err := l.sns.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{
		TopicArn: topic, AttributeName: aws.String("SignatureVersion"), AttributeValue: aws.String("2"),
	})
	require.NoError(t, err)
	got, err := l.sns.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: topic})
	require.NoError(t, err)
	require.Equal(t, "2", got.Attributes["SignatureVersion"])
	l.publish(t, topic, "x")
	require.Equal(t, "2", verified(t, l, take(t, e.got))["SignatureVersion"])

	_, err = l.sns.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{
		SubscriptionArn: arn, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("true"),
	})
	require.NoError(t, err)
	l.publish(t, topic, `{"raw":true}`)
	require.True(t, json.Valid(take(t, e.got).body))
}

func TestNothingLeavesLoopback(t *testing.T) {
	l := start(t, awslocal.Options{Redelivery: awslocal.Redelivery{Retries: -1}})
	topic := l.topic(t, "1")
	_, err := l.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: topic, Protocol: aws.String("http"), Endpoint: aws.String("http://192.0.2.1/"),
	})
	require.NoError(t, err)
	l.untilBacklog(t, 0)
	require.Equal(t, awslocal.DeliveryStats{Dropped: 1}, l.Stats().SNS)
	_, err = (&http.Client{Transport: l.CertTransport()}).Get("https://sns.eu-west-1.amazonaws.com/x.pem") //nolint:bodyclose // it fails
	require.ErrorContains(t, err, "only sns.us-east-1.amazonaws.com:443 is served")
}
