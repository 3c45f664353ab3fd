package sqs_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// The gauges say how many messages the queue holds and how old the oldest is, and go back to nothing with the queue.
func TestQueueIsSampled(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 3600)
	p.send(t, url, numbered(25)...)
	srv.Advance(time.Minute)
	var out pipelinetest.Emitter
	storing := make(chan struct{})
	out.Decide(func(pipeline.Notification) error { <-storing; return nil })
	src, registry := p.buildAt(t, url, srv.Now, func(c *sqs.Config) { c.MaxPollers, c.MaxInHand, c.Sample = 1, 10, time.Second })
	b := p.start(t, src, registry, &out)
	b.untilMetric(t, 10, "queue_messages", "in_flight")
	require.Eventually(t, func() bool { // A sample sets one gauge after the other; and time goes on on a slow machine, too.
		age := b.metric(t, "oldest_message_age_seconds", "")
		return 60 <= age && age <= 90 && b.metric(t, "queue_messages", "visible") == 15 && b.metric(t, "queue_messages", "delayed") == 0
	}, patience, 10*time.Millisecond)
	srv.Advance(time.Minute)
	b.untilMetric(t, 119, "oldest_message_age_seconds", "")
	close(storing)
	p.untilHolds(t, url, 0)
	require.Eventually(t, func() bool {
		return b.metric(t, "oldest_message_age_seconds", "") == 0 && b.metric(t, "queue_messages", "visible") == 0
	}, patience, 10*time.Millisecond)
}

// A sample that fails changes nothing but its counter.
func TestSamplingRecovers(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	var calls atomic.Int32
	srv.SetFaults(awslocal.Faults{Call: func(_ context.Context, op string) error {
		if op == "sqs:GetQueueAttributes" && calls.Add(1) == 2 { // the first one is of Start
			return &awslocal.APIError{Status: 400, Code: "ThrottlingException", Message: "slow down"}
		}
		return nil
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, func(c *sqs.Config) { c.Sample = time.Second })
	b.untilMetric(t, 1, "samples_total", "throttled")
	b.untilMetric(t, 1, "samples_total", "read")
}
