package sqs_test

import (
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// suite holds the source to its promises against any endpoint that speaks SQS and SNS.
func suite(t *testing.T, endpoint string) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, *place){
		"delivers and deletes":               deliversAndDeletes,
		"leaves what is not stored":          leavesWhatIsNotStored,
		"loses nothing with several pollers": losesNothing,
		"passes bodies from a topic":         passesBodiesFromATopic,
		"extends what is in hand":            extendsWhatIsInHand,
		"drains when it is stopped":          drains,
		"stops at once when idle":            stopsAtOnce,
		"says what is wrong with the queue":  saysWhatIsWrong,
	} {
		t.Run(name, func(t *testing.T) { check(t, newPlace(t, endpoint)) })
	}
}

func deliversAndDeletes(t *testing.T, p *place) {
	t.Helper()
	url := p.queue(t, 30)
	p.send(t, url, `{"before":"<&>ü"}`)
	var out pipelinetest.Emitter
	began := time.Now()
	b := p.run(t, url, &out, nil)
	require.NoError(t, out.Wait(soon(t), 1))
	p.send(t, url, `{"during":1}`)
	require.NoError(t, out.Wait(soon(t), 2), "a long poll ends when a message comes")
	p.untilHolds(t, url, 0)
	b.stop(t)

	stored := out.Stored()
	require.Equal(t, []string{`{"before":"<&>ü"}`, `{"during":1}`}, bodiesOf(stored))
	for _, n := range stored {
		require.NotEmpty(t, n.Trace)
		require.WithinRange(t, n.Received, began, time.Now())
	}
	require.InDelta(t, 2, b.metric(t, "messages_received_total", ""), 0)
	require.InDelta(t, 2, b.metric(t, "deletes_total", "deleted"), 0)
	require.InDelta(t, 2, b.metric(t, "message_age_seconds", ""), 0)
	require.InDelta(t, 2, b.metric(t, "message_receives", ""), 0)
	require.InDelta(t, 0, b.metric(t, "held_messages", ""), 0)
}

func leavesWhatIsNotStored(t *testing.T, p *place) {
	t.Helper()
	url := p.queue(t, 4) // A busy machine must delete what is stored before it comes again.
	p.send(t, url, "good", "refused twice")
	var out pipelinetest.Emitter
	var refusals atomic.Int32
	out.Decide(func(n pipeline.Notification) error {
		if string(n.Body) == "refused twice" && refusals.Add(1) <= 2 {
			return errors.New("the journal is full")
		}
		return nil
	})
	b := p.run(t, url, &out, nil)
	require.NoError(t, out.Wait(soon(t), 2))
	p.untilHolds(t, url, 0)
	require.Equal(t, []string{"good", "refused twice"}, bodiesOf(out.Stored()))
	require.InDelta(t, 2, b.metric(t, "emit_failures_total", ""), 0)
}

func losesNothing(t *testing.T, p *place) {
	t.Helper()
	url := p.queue(t, 30)
	want := numbered(200)
	var out pipelinetest.Emitter
	p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers = 2 })
	p.send(t, url, want...)
	require.NoError(t, out.Wait(soon(t), len(want)))
	p.untilHolds(t, url, 0)
	require.ElementsMatch(t, want, bodiesOf(out.Stored()))
}

func passesBodiesFromATopic(t *testing.T, p *place) {
	t.Helper()
	topic, err := p.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("chime")})
	require.NoError(t, err)
	var raw, wrapped pipelinetest.Emitter
	for out, attributes := range map[*pipelinetest.Emitter]map[string]string{
		&wrapped: nil, &raw: {"RawMessageDelivery": "true"},
	} {
		url := p.queue(t, 30)
		arn := p.attributes(t, url)["QueueArn"]
		_, err := p.sns.Subscribe(t.Context(), &sns.SubscribeInput{
			TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: attributes,
		})
		require.NoError(t, err)
		p.run(t, url, out, nil)
	}
	const message = `{"detail-type":"Chime Meeting State Change","detail":{"eventType":"chime:MeetingStarted"}}`
	sent, err := p.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: topic.TopicArn, Message: aws.String(message)})
	require.NoError(t, err)
	require.NoError(t, raw.Wait(soon(t), 1))
	require.NoError(t, wrapped.Wait(soon(t), 1))
	require.Equal(t, []string{message}, bodiesOf(raw.Stored()))
	var envelope struct{ Type, MessageID, Message string }
	require.NoError(t, json.Unmarshal(wrapped.Stored()[0].Body, &envelope))
	require.Equal(t, "Notification", envelope.Type)
	require.Equal(t, *sent.MessageId, envelope.MessageID)
	require.JSONEq(t, message, envelope.Message)
}

func extendsWhatIsInHand(t *testing.T, p *place) {
	t.Helper()
	url := p.queue(t, 4) // Extended after 2 to 3 s: a busy machine may be late by one.
	p.send(t, url, "slow")
	var out pipelinetest.Emitter
	storing := make(chan struct{})
	out.Decide(func(pipeline.Notification) error { <-storing; return nil })
	b := p.run(t, url, &out, nil)
	b.untilMetric(t, 2, "visibility_extensions_total", "extended")
	require.InDelta(t, 1, b.metric(t, "messages_received_total", ""), 0, "it was not handed out again")
	close(storing)
	p.untilHolds(t, url, 0)
	require.Len(t, out.Stored(), 1)
}

func drains(t *testing.T, p *place) {
	t.Helper()
	url := p.queue(t, 30)
	p.send(t, url, "in hand")
	var out pipelinetest.Emitter
	storing, stored := make(chan struct{}), make(chan struct{})
	out.Decide(func(pipeline.Notification) error {
		close(storing)
		<-stored
		return nil
	})
	b := p.run(t, url, &out, nil)
	<-storing
	b.cancel()
	close(stored)
	b.stop(t)
	require.Equal(t, []string{"in hand"}, bodiesOf(out.Stored()))
	p.untilHolds(t, url, 0)
}

func stopsAtOnce(t *testing.T, p *place) {
	t.Helper()
	url := p.queue(t, 30)
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, nil)
	p.send(t, url, "only so that a poll is known to be under way")
	require.NoError(t, out.Wait(soon(t), 1))
	began := time.Now()
	b.stop(t)
	require.Less(t, time.Since(began), 4*time.Second, "a poll of 20 s was not waited for")
}

func saysWhatIsWrong(t *testing.T, p *place) {
	t.Helper()
	url := p.queue(t, 30) + "-missing"
	src, _ := p.build(t, url, nil)
	starter, ok := src.(pipeline.Starter)
	require.True(t, ok)
	err := starter.Start(t.Context())
	require.ErrorContains(t, err, `reading queue "`+url+`"`)
	require.ErrorContains(t, err, "check queue_url and region")
	require.NotContains(t, err.Error(), secret)

	name := url[lastSlash(url)+1:]
	_, err = p.sqs.CreateQueue(t.Context(), createQueue(name))
	require.NoError(t, err)
	require.NoError(t, starter.Start(t.Context()), "Start may be tried again")
}
