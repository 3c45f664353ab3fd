package sqs_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// Pollers come while batches are full, up to their limit, and go when the queue is empty.
func TestPollersFollowTheQueue(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	p.send(t, url, numbered(200)...)
	var most, now atomic.Int32
	srv.SetFaults(awslocal.Faults{Call: func(_ context.Context, op string) error {
		if op == "sqs:ReceiveMessage" {
			most.Store(max(most.Load(), now.Add(1)))
			now.Add(-1)
		}
		return nil
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers, c.Wait = 3, time.Second })
	b.untilMetric(t, 3, "active_pollers", "")
	p.untilHolds(t, url, 0)
	require.Eventually(t, func() bool { return b.metric(t, "active_pollers", "") == 1 }, 2*patience, 10*time.Millisecond)
	require.ElementsMatch(t, numbered(200), bodiesOf(out.Stored()))
	require.LessOrEqual(t, most.Load(), int32(3))
	b.stop(t)
	require.InDelta(t, 0, b.metric(t, "active_pollers", ""), 0)
}

// A journal that does not answer is met by one poller, not by all: what is received and not stored wears out its receives.
func TestPollersGoWhenNothingIsStored(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	var out pipelinetest.Emitter
	p.send(t, url, numbered(200)...)
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers = 4 })
	b.untilMetric(t, 4, "active_pollers", "")
	p.untilHolds(t, url, 0)
	out.Decide(func(pipeline.Notification) error { return pipeline.Throttle(context.DeadlineExceeded, time.Minute) })
	p.send(t, url, numbered(40)...)
	require.Eventually(t, func() bool { return b.metric(t, "active_pollers", "") == 1 }, 2*patience, 10*time.Millisecond)
	p.untilHolds(t, url, 40)
}

// A FIFO queue is taken from like any other, and what it brought is deleted in its order.
func TestFIFOIsDeletedInOrder(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.fifo(t)
	p.sendGroup(t, url, numbered(60)...)
	var mu sync.Mutex
	var handles []string
	srv.SetFaults(awslocal.Faults{Entry: func(op, handle string) *awslocal.APIError {
		mu.Lock()
		defer mu.Unlock()
		if op == "sqs:DeleteMessageBatch" {
			handles = append(handles, handle)
		}
		return nil
	}})
	var out pipelinetest.Emitter
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers = 1 })
	p.untilHolds(t, url, 0)
	b.stop(t)
	require.Equal(t, numbered(60), bodiesOf(out.Stored()))
	traces := make([]string, 0, len(handles))
	for _, h := range handles {
		traces = append(traces, messageOf(t, h))
	}
	want := make([]string, 0, len(handles))
	for _, n := range out.Stored() {
		want = append(want, n.Trace)
	}
	require.Equal(t, want, traces)
}
