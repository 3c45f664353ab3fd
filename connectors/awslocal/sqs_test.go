package awslocal_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

func TestQueueIsCreatedAndDescribed(t *testing.T) {
	l := start(t, awslocal.Options{Region: "eu-central-1"})
	url := l.queue(t, "chime", map[string]string{"VisibilityTimeout": "45"})
	require.Equal(t, l.QueueURL("chime"), *url)
	require.Equal(t, url, l.queue(t, "chime", map[string]string{"VisibilityTimeout": "45"}), "creating again")

	found, err := l.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("chime")})
	require.NoError(t, err)
	require.Equal(t, url, found.QueueUrl)
	listed, err := l.sqs.ListQueues(t.Context(), &sqs.ListQueuesInput{QueueNamePrefix: aws.String("chi")})
	require.NoError(t, err)
	require.Equal(t, []string{*url}, listed.QueueUrls)

	l.send(t, url, "one")
	l.send(t, url, "two")
	_, err = l.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url})
	require.NoError(t, err)
	_, err = l.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("three"), DelaySeconds: 60,
	})
	require.NoError(t, err)
	out, err := l.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:sqs:eu-central-1:444455556666:chime", out.Attributes["QueueArn"])
	require.Equal(t, "45", out.Attributes["VisibilityTimeout"])
	require.Equal(t, "345600", out.Attributes["MessageRetentionPeriod"])
	require.Equal(t, "1", out.Attributes["ApproximateNumberOfMessages"])
	require.Equal(t, "1", out.Attributes["ApproximateNumberOfMessagesNotVisible"])
	require.Equal(t, "1", out.Attributes["ApproximateNumberOfMessagesDelayed"])
	created, err := strconv.ParseInt(out.Attributes["CreatedTimestamp"], 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(created, 0), time.Minute)

	_, err = l.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: url, Attributes: map[string]string{"VisibilityTimeout": "50"},
	})
	require.NoError(t, err)
	one, err := l.sqs.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameVisibilityTimeout},
	})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"VisibilityTimeout": "50"}, one.Attributes)
}

func TestMessageCarriesItsAttributes(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	sent, err := l.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String(`{"a":"<&>"}`),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"text": {DataType: aws.String("String"), StringValue: aws.String("v")},
			"raw":  {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
		},
	})
	require.NoError(t, err)
	got := l.receive(t, url, 0)
	require.Len(t, got, 1)
	m := got[0]
	require.JSONEq(t, `{"a":"<&>"}`, *m.Body)
	require.Equal(t, sent.MessageId, m.MessageId)
	require.Equal(t, sent.MD5OfMessageBody, m.MD5OfBody)
	require.Equal(t, sent.MD5OfMessageAttributes, m.MD5OfMessageAttributes)
	require.Equal(t, []byte{1, 2}, m.MessageAttributes["raw"].BinaryValue)
	require.Equal(t, "v", *m.MessageAttributes["text"].StringValue)
	require.Equal(t, "1", m.Attributes["ApproximateReceiveCount"])
	require.GreaterOrEqual(t, m.Attributes["ApproximateFirstReceiveTimestamp"], m.Attributes["SentTimestamp"])

	l.Advance(time.Minute)
	again := l.receive(t, url, 0)[0]
	require.Equal(t, "2", again.Attributes["ApproximateReceiveCount"])
	require.Equal(t, m.Attributes["ApproximateFirstReceiveTimestamp"], again.Attributes["ApproximateFirstReceiveTimestamp"])
	require.NotEqual(t, m.ReceiptHandle, again.ReceiptHandle)
}

// The checksum of attributes is checked against a known answer: both sides could be wrong alike.
func TestAttributeChecksumIsThatOfAWS(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	out, err := l.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("hello"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"timestamp": {DataType: aws.String("Number"), StringValue: aws.String("1493147359900")},
		},
	})
	require.NoError(t, err)
	require.Equal(t, "5d41402abc4b2a76b9719d911017c592", *out.MD5OfMessageBody)
	require.Equal(t, "235c5c510d26fb653d073faed50ae77c", *out.MD5OfMessageAttributes)
}

// poll makes one long poll; nil when it fails.
func (l *local) poll(ctx context.Context, url *string) []types.Message {
	out, err := l.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
	if err != nil {
		return nil
	}
	return out.Messages
}

func TestLongPollEndsWhenAMessageComes(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	polling, got := make(chan struct{}), make(chan []types.Message)
	l.SetFaults(awslocal.Faults{Call: func(_ context.Context, op string) error {
		if op == "sqs:ReceiveMessage" {
			close(polling)
		}
		return nil
	}})
	began := time.Now()
	ctx := within(t)
	go func() { got <- l.poll(ctx, url) }()
	take(t, polling)
	require.NoError(t, l.Send(*url, "ring"))
	require.Equal(t, []string{"ring"}, bodies(take(t, got)))
	require.Less(t, time.Since(began), 10*time.Second)
}

func TestLongPollEndsWhenAMessageReturns(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	l.send(t, url, "again")
	require.Len(t, l.receive(t, url, 0), 1)
	polling, got := make(chan struct{}), make(chan []types.Message)
	l.SetFaults(awslocal.Faults{Call: func(_ context.Context, op string) error {
		if op == "sqs:ReceiveMessage" {
			close(polling)
		}
		return nil
	}})
	ctx := within(t)
	go func() { got <- l.poll(ctx, url) }()
	take(t, polling)
	l.Advance(31 * time.Second)
	require.Equal(t, []string{"again"}, bodies(take(t, got)))
}

func TestLongPollEndsWithTheClient(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	l.SetFaults(awslocal.Faults{Call: func(context.Context, string) error { cancel(); return nil }})
	go func() {
		_, err := l.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
		done <- err
	}()
	require.ErrorIs(t, take(t, done), context.Canceled)
	l.SetFaults(awslocal.Faults{})
	l.send(t, url, "kept")
	require.Equal(t, []string{"kept"}, bodies(l.receive(t, url, 20)), "a poll that is gone takes nothing")
}

func TestMessageReturnsAfterItsVisibility(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", map[string]string{"VisibilityTimeout": "30"})
	l.send(t, url, "x")
	first := l.receive(t, url, 0)
	require.Len(t, first, 1)
	require.Empty(t, l.receive(t, url, 0))

	_, err := l.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: url, ReceiptHandle: first[0].ReceiptHandle, VisibilityTimeout: 120,
	})
	require.NoError(t, err)
	l.Advance(110 * time.Second)
	require.Empty(t, l.receive(t, url, 0), "extended")
	l.Advance(11 * time.Second)
	second := l.receive(t, url, 0)
	require.Len(t, second, 1)

	_, err = l.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: first[0].ReceiptHandle})
	require.NoError(t, err, "an older handle succeeds without effect")
	l.Advance(31 * time.Second)
	third := l.receive(t, url, 0)
	require.Len(t, third, 1)
	_, err = l.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: third[0].ReceiptHandle})
	require.NoError(t, err)
	l.Advance(31 * time.Second)
	require.Empty(t, l.receive(t, url, 0))
}

func TestVisibilityHasItsLimits(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", map[string]string{"VisibilityTimeout": "43200"})
	l.send(t, url, "x")
	handle := l.receive(t, url, 0)[0].ReceiptHandle
	change := func(seconds int32) error {
		_, err := l.sqs.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
			QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: seconds,
		})
		return err
	}
	l.Advance(time.Minute)
	require.Equal(t, "InvalidParameterValue", code(change(43_200)), "12 hours in total")
	require.NoError(t, change(0))
	var notInFlight *types.MessageNotInflight
	require.ErrorAs(t, change(10), &notInFlight)
}

func TestDeadLetterQueueTakesWhatIsReceivedTooOften(t *testing.T) {
	l := start(t, awslocal.Options{})
	dead := l.queue(t, "dead", nil)
	url := l.queue(t, "chime", map[string]string{
		"RedrivePolicy": `{"deadLetterTargetArn":"` + l.QueueARN("dead") + `","maxReceiveCount":"2"}`,
	})
	l.send(t, url, "poison")
	first := l.receive(t, url, 0)
	require.Len(t, first, 1)
	l.Advance(31 * time.Second)
	require.Len(t, l.receive(t, url, 0), 1)
	l.Advance(31 * time.Second)
	require.Empty(t, l.receive(t, url, 0))
	buried := l.receive(t, dead, 0)
	require.Equal(t, []string{"poison"}, bodies(buried))
	require.Equal(t, first[0].MessageId, buried[0].MessageId)
	require.Equal(t, first[0].Attributes["SentTimestamp"], buried[0].Attributes["SentTimestamp"])
}

func TestRetentionEndsAMessage(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", map[string]string{"MessageRetentionPeriod": "60"})
	l.send(t, url, "old")
	l.Advance(61 * time.Second)
	l.send(t, url, "new")
	require.Equal(t, []string{"new"}, bodies(l.receive(t, url, 0)))
}

func TestPurgeEmptiesAQueue(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	l.send(t, url, "x")
	_, err := l.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: url})
	require.NoError(t, err)
	require.Empty(t, l.receive(t, url, 0))
	_, err = l.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: url})
	var inProgress *types.PurgeQueueInProgress
	require.ErrorAs(t, err, &inProgress)
	_, err = l.sqs.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: url})
	require.NoError(t, err)
	var gone *types.QueueDoesNotExist
	_, err = l.sqs.PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: url})
	require.ErrorAs(t, err, &gone)
}

func TestFIFONameKeepsGroupAndSequence(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime.fifo", map[string]string{"FifoQueue": "true"})
	_, err := l.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("x")})
	require.Equal(t, "MissingParameter", code(err))
	out, err := l.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: url, MessageBody: aws.String("x"), MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String("d"),
	})
	require.NoError(t, err)
	got := l.receive(t, url, 0)[0]
	require.Equal(t, "g", got.Attributes["MessageGroupId"])
	require.Equal(t, *out.SequenceNumber, got.Attributes["SequenceNumber"])
}

// code returns the code of an error of the SDK.
func code(err error) string {
	if ae, ok := errors.AsType[smithy.APIError](err); ok {
		return ae.ErrorCode()
	}
	return ""
}

func TestRequestsAreRefusedAsAWSRefusesThem(t *testing.T) {
	l := start(t, awslocal.Options{MaxMessages: 1})
	url := l.queue(t, "chime", nil)
	call := func(f func() error) string { return code(f()) }
	send := func(body string) error {
		_, err := l.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body})
		return err
	}
	create := func(name string, attributes map[string]string) error {
		_, err := l.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		return err
	}
	var notThere *types.QueueDoesNotExist
	_, err := l.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(l.QueueURL("none"))})
	require.ErrorAs(t, err, &notThere)
	require.Equal(t, "AWS.SimpleQueueService.NonExistentQueue", code(err))
	var invalid *types.ReceiptHandleIsInvalid
	_, err = l.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("no")})
	require.ErrorAs(t, err, &invalid)
	var exists *types.QueueNameExists
	require.ErrorAs(t, create("chime", map[string]string{"DelaySeconds": "3"}), &exists)
	var unknown *types.InvalidAttributeName
	require.ErrorAs(t, create("b", map[string]string{"Nonsense": "3"}), &unknown)
	var value *types.InvalidAttributeValue
	require.ErrorAs(t, create("b", map[string]string{"DelaySeconds": "901"}), &value)
	require.ErrorAs(t, create("b", map[string]string{"RedrivePolicy": `{"maxReceiveCount":0}`}), &value)
	require.Equal(t, "InvalidParameterValue", code(create("no spaces", nil)))
	require.Equal(t, "InvalidParameterValue", call(func() error { return send(strings.Repeat("x", 1<<20+1)) }))
	var contents *types.InvalidMessageContents
	require.ErrorAs(t, send("a\x01b"), &contents)
	require.NoError(t, send("fills the queue"))
	var full *types.OverLimit
	require.ErrorAs(t, send("one too many"), &full)
	_, err = l.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 11})
	require.Equal(t, "InvalidParameterValue", code(err))
	_, err = l.sqs.ListDeadLetterSourceQueues(t.Context(), &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: url})
	require.Equal(t, "UnknownOperationException", code(err))
}
