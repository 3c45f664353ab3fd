package sqs_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

func lastSlash(s string) int { return strings.LastIndex(s, "/") }

func createQueue(name string) *awssqs.CreateQueueInput {
	return &awssqs.CreateQueueInput{QueueName: &name}
}

func startAWS(t *testing.T) *awslocal.Server {
	t.Helper()
	srv, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, srv.Close(ctx))
	})
	return srv
}

func TestSource(t *testing.T) { suite(t, startAWS(t).Endpoint()) }

func TestFailedDeletesAreTriedAgain(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, numbered(5)...)
	var mu sync.Mutex
	tries := make(map[string]int)
	srv.SetFaults(awslocal.Faults{Entry: func(op, handle string) *awslocal.APIError {
		mu.Lock()
		defer mu.Unlock()
		tries[handle]++
		if op == "sqs:DeleteMessageBatch" && tries[handle] <= 2 {
			return &awslocal.APIError{Status: 500, Code: "InternalError", Message: "not now"}
		}
		return nil
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, nil)
	p.untilHolds(t, url, 0)
	b.stop(t)
	require.Len(t, out.Stored(), 5)
	require.InDelta(t, 5, b.metric(t, "deletes_total", "deleted"), 0)
	require.InDelta(t, 10, b.metric(t, "deletes_total", "retry"), 0)
	require.InDelta(t, 0, b.metric(t, "deletes_total", "abandoned"), 0)
}

func TestFailedDeleteCallsAreTriedAgain(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, "x")
	var calls atomic.Int32
	srv.SetFaults(awslocal.Faults{Call: func(_ context.Context, op string) error {
		if op == "sqs:DeleteMessageBatch" && calls.Add(1) == 1 {
			return &awslocal.APIError{Status: 400, Code: "ThrottlingException", Message: "slow down"}
		}
		return nil
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, nil)
	p.untilHolds(t, url, 0)
	b.stop(t)
	require.Len(t, out.Stored(), 1)
	require.InDelta(t, 1, b.metric(t, "deletes_total", "retry"), 0)
}

func TestMessageWithADeadHandleComesAgain(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, "x")
	srv.SetFaults(awslocal.Faults{Entry: func(string, string) *awslocal.APIError {
		return &awslocal.APIError{Status: 404, Code: "ReceiptHandleIsInvalid", Message: "expired"}
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, nil)
	b.untilMetric(t, 1, "deletes_total", "gone")
	srv.SetFaults(awslocal.Faults{})
	srv.Advance(31 * time.Second)
	require.NoError(t, out.Wait(soon(t), 2), "it comes again, as a witness")
	p.untilHolds(t, url, 0)
	require.Equal(t, out.Stored()[0].Trace, out.Stored()[1].Trace)
	require.InDelta(t, 0, b.metric(t, "deletes_total", "retry"), 0)
}

func TestBadChecksumDoesNotBlockItsNeighbours(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, "a", "bad", "c")
	srv.SetFaults(awslocal.Faults{BodyMD5: func(body string) string {
		if body == "bad" {
			return strings.Repeat("0", 32)
		}
		return ""
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, nil)
	p.untilHolds(t, url, 1)
	require.Equal(t, []string{"a", "c"}, bodiesOf(out.Stored()))
	require.InDelta(t, 1, b.metric(t, "checksum_mismatches_total", ""), 0)

	srv.SetFaults(awslocal.Faults{})
	srv.Advance(31 * time.Second)
	p.untilHolds(t, url, 0)
	require.Equal(t, []string{"a", "c", "bad"}, bodiesOf(out.Stored()))
}

func TestPollingRecovers(t *testing.T) {
	for code, outcome := range map[string]string{
		"ThrottlingException": "throttled", "OverLimit": "throttled", "ExpiredToken": "denied", "InternalFailure": "error",
	} {
		t.Run(code, func(t *testing.T) {
			srv := startAWS(t)
			p := newPlace(t, srv.Endpoint())
			url := p.queue(t, 30)
			p.send(t, url, "x")
			var calls atomic.Int32
			srv.SetFaults(awslocal.Faults{Call: func(_ context.Context, op string) error {
				if op == "sqs:ReceiveMessage" && calls.Add(1) <= 3 {
					return &awslocal.APIError{Status: 400, Code: code, Message: "not now"}
				}
				return nil
			}})
			var out pipelinetest.Emitter
			b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers = 1 })
			require.NoError(t, out.Wait(soon(t), 1))
			p.untilHolds(t, url, 0)
			require.InDelta(t, 3, b.metric(t, "receives_total", outcome), 0)
		})
	}
}

// A message that is received again while its first copy is being stored is stored once and deleted by the newer handle.
func TestNewestHandleWins(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers, c.Batch = 2, 1 })
	p.send(t, url, "a full batch, so that another poller comes")
	b.untilMetric(t, 2, "active_pollers", "")
	p.untilHolds(t, url, 0)
	storing, stored := make(chan struct{}), make(chan struct{})
	out.Decide(func(pipeline.Notification) error {
		close(storing)
		<-stored
		return nil
	})
	p.send(t, url, "x")
	<-storing
	srv.Advance(31 * time.Second)
	b.untilMetric(t, 1, "messages_in_hand_total", "")
	close(stored)
	p.untilHolds(t, url, 0)
	require.Len(t, out.Stored(), 2)
	require.InDelta(t, 3, b.metric(t, "messages_received_total", ""), 0)
}

// While deletes hang, what is received and not deleted stays bounded, and the queue keeps the rest.
func TestHandOverIsBounded(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, numbered(100)...)
	deleting := make(chan struct{})
	srv.SetFaults(awslocal.Faults{Call: func(ctx context.Context, op string) error {
		if op == "sqs:DeleteMessageBatch" {
			select {
			case <-deleting:
			case <-ctx.Done():
			}
		}
		return nil
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers, c.MaxInHand = 1, 10 })
	require.NoError(t, out.Wait(soon(t), 30))
	require.Never(t, func() bool { return len(out.Stored()) > 30 }, 300*time.Millisecond, 20*time.Millisecond)
	require.InDelta(t, 30, b.metric(t, "held_messages", ""), 0, "10 in the call, 10 that wait for it, 10 that wait for room")
	close(deleting)
	p.untilHolds(t, url, 0)
	require.ElementsMatch(t, numbered(100), bodiesOf(out.Stored()))
}

// Polls go on while messages are being stored, up to max_in_hand, so that many of them share a commit.
func TestPollsGoOnWhileStoring(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, numbered(100)...)
	var out pipelinetest.Emitter
	storing := make(chan struct{})
	out.Decide(func(pipeline.Notification) error { <-storing; return nil })
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers, c.MaxInHand = 2, 45 })
	b.untilMetric(t, 40, "held_messages", "")
	require.Never(t, func() bool { return b.metric(t, "held_messages", "") > 45 }, 300*time.Millisecond, 20*time.Millisecond)
	close(storing)
	p.untilHolds(t, url, 0)
	require.ElementsMatch(t, numbered(100), bodiesOf(out.Stored()))
}

func TestShortPollsPauseBetweenEmptyAnswers(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers, c.Wait, c.Batch, c.Visibility = 1, 0, 1, 45*time.Second })
	b.untilMetric(t, 1, "receives_total", "empty")
	p.send(t, url, "x", "y")
	require.NoError(t, out.Wait(soon(t), 2))
	require.Less(t, b.metric(t, "receives_total", "empty"), 20.0)
	p.untilHolds(t, url, 0)
}

func TestRunWithoutStartOpensTheQueue(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, "x")
	src, _ := p.build(t, url, nil)
	var out pipelinetest.Emitter
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, &out) }()
	require.NoError(t, out.Wait(soon(t), 1))
	cancel()
	require.NoError(t, <-done)

	missing, _ := p.build(t, url+"-missing", nil)
	require.ErrorContains(t, missing.Run(t.Context(), &out), "reading queue")
}

// A delete that was under way when the message was received again may have had no effect: it is repeated.
func TestDeleteIsRepeatedUnderANewerHandle(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, "x")
	under, receivedAgain := make(chan struct{}), make(chan struct{})
	var once sync.Once
	srv.SetFaults(awslocal.Faults{Call: func(_ context.Context, op string) error {
		if op == "sqs:DeleteMessageBatch" {
			once.Do(func() {
				close(under)
				<-receivedAgain
			})
		}
		return nil
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, nil)
	<-under
	srv.Advance(31 * time.Second)
	b.untilMetric(t, 1, "messages_in_hand_total", "")
	close(receivedAgain)
	p.untilHolds(t, url, 0)
	b.stop(t)
	require.Len(t, out.Stored(), 1)
	require.InDelta(t, 1, b.metric(t, "deletes_total", "deleted"), 0)
	require.InDelta(t, 1, b.metric(t, "deletes_total", "retry"), 0)
}

// The queue's memory is asked for at the start, so that the router can compare it with its own.
func TestRetentionOfTheQueueIsKnown(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	for seconds, want := range map[string]time.Duration{"345600": 96 * time.Hour, "1209600": 14 * 24 * time.Hour} {
		_, err := p.sqs.SetQueueAttributes(t.Context(), &awssqs.SetQueueAttributesInput{
			QueueUrl: &url, Attributes: map[string]string{"MessageRetentionPeriod": seconds},
		})
		require.NoError(t, err)
		src, _ := p.build(t, url, nil)
		k, ok := src.(pipeline.Keeper)
		require.True(t, ok)
		require.Zero(t, k.Keeps(), "not known before the start")
		starter, ok := src.(pipeline.Starter)
		require.True(t, ok)
		require.NoError(t, starter.Start(t.Context()))
		require.Equal(t, want, k.Keeps())
	}
}

// Attributes of a message are no obstacle, and their values, which are a part of the message, are not for the log.
func TestMessageAttributesAreTaken(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	_, err := p.sqs.SendMessage(t.Context(), &awssqs.SendMessageInput{
		QueueUrl: &url, MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
			"Origin": {DataType: aws.String("String"), StringValue: aws.String("hunter2")},
			"Bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
		},
	})
	require.NoError(t, err)
	var log lockedBuffer
	cfg := sqs.DefaultConfig()
	cfg.QueueURL, cfg.Region = url, region
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret(keyID), pipeline.NewSecret(secret)
	registry := prometheus.NewRegistry()
	src, err := sqs.Factory().New(&cfg, pipeline.Settings{
		ID: "queue", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Registerer: registry, Clock: time.Now,
	})
	require.NoError(t, err)
	var out pipelinetest.Emitter
	b := p.start(t, src, registry, &out)
	require.NoError(t, out.Wait(soon(t), 1))
	p.untilHolds(t, url, 0)
	b.stop(t)
	require.Equal(t, []string{"x"}, bodiesOf(out.Stored()))
	require.Contains(t, log.String(), `attributes="[Bytes Origin]"`)
	require.NotContains(t, log.String(), "hunter2")
}

// lockedBuffer keeps what several goroutines log.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
