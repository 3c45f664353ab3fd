package sqs_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// A journal that is away for longer than a message is hidden is offered the same messages again: none of them comes out of the
// queue a second time, so none of them gets nearer to the dead letters.
func TestOutageWearsOutNoReceives(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 4) // What is in hand is extended after 2 to 3 s: a busy machine may be late by one.
	var out pipelinetest.Emitter
	var away atomic.Bool
	away.Store(true)
	began := time.Now()
	out.Decide(func(pipeline.Notification) error {
		if away.Load() {
			return errors.New("the journal is away")
		}
		return nil
	})
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers = 2 })
	p.send(t, url, "a", "b", "c")
	b.untilMetric(t, 3, "messages_received_total", "")
	came := time.Now()
	b.untilMetric(t, 9, "visibility_extensions_total", "extended")
	require.InDelta(t, 3, b.metric(t, "messages_received_total", ""), 0, "they did not come again")
	require.Greater(t, b.metric(t, "emit_failures_total", ""), 3.0, "they were offered again")
	require.InDelta(t, 0, b.metric(t, "messages_left_total", ""), 0)
	away.Store(false)
	p.untilHolds(t, url, 0)
	require.ElementsMatch(t, []string{"a", "b", "c"}, bodiesOf(out.Stored()))
	require.InDelta(t, 3, b.metric(t, "messages_received_total", ""), 0)
	for _, n := range out.Stored() {
		require.WithinRange(t, n.Received, began, came, "that they waited does not make them younger")
	}
}

// A message that is not stored while others are is left to its visibility timeout: it must not hold on to its place in hand.
func TestWhatIsRefusedAloneIsLeft(t *testing.T) {
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	url := p.queue(t, 30)
	var out pipelinetest.Emitter
	out.Decide(func(n pipeline.Notification) error {
		if strings.HasPrefix(string(n.Body), "bad") {
			return errors.New("no room for this one")
		}
		return nil
	})
	b := p.run(t, url, &out, func(c *sqs.Config) { c.MaxPollers, c.Batch = 1, 1 })
	p.send(t, url, "bad")
	b.untilMetric(t, 1, "emit_failures_total", "")
	require.InDelta(t, 1, b.metric(t, "held_messages", ""), 0)
	p.send(t, url, "good 1", "good 2", "good 3")
	require.NoError(t, out.Wait(soon(t), 3))
	require.Eventually(t, func() bool {
		if b.metric(t, "held_messages", "") == 0 { // before another one is on its way
			return true
		}
		p.send(t, url, "good")
		return false
	}, patience, 50*time.Millisecond, "it keeps its place")
	b.untilMetric(t, 1, "messages_left_total", "")
	p.untilHolds(t, url, 1)
	srv.Advance(31 * time.Second)
	b.untilMetric(t, 1, "held_messages", "") // it comes again
}
