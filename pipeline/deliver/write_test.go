package deliver

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestPlainRejectOfABatch has a sink that rejects a batch for one of its events without saying for which: only that one goes to
// the dead letters.
func TestPlainRejectOfABatch(t *testing.T) {
	r := newRig(t, nil)
	r.fill(6, "a", "b")
	largest := 0
	sink := &batching{answer: func(events []pipeline.Event) error {
		largest = max(largest, len(events))
		for _, e := range events {
			if e.Key == "a" && e.Time.UnixMilli() == 3 {
				return pipeline.Reject(errRefused)
			}
		}
		return nil
	}}
	d := r.deliver("out", sink, testConfig())
	require.NoError(t, sink.Wait(r.ctx, 11))
	r.settled()
	d.end()
	require.Equal(t, map[string][]int64{"a": {1, 2, 4, 5, 6}, "b": upTo(6)}, numbers(sink.Accepted()))
	require.Len(t, r.dead("out"), 1)
	require.Greater(t, largest, 1)
}

// TestSendSingly expects what is behind a rejected event of its meeting to stay unsent, and an answer about the sink to end the
// asking.
func TestSendSingly(t *testing.T) {
	event := func(key string, n uint64) pipeline.Event { return pipeline.Event{Key: key, Sequence: n} }
	events := []pipeline.Event{event("a", 1), event("a", 2), event("b", 3), event("a", 4), event("c", 5), event("d", 6), event("b", 7)}
	var sent []uint64
	s := &Sink{metrics: newMetrics(prometheus.NewRegistry()), sink: &batching{answer: func(events []pipeline.Event) error {
		require.Len(t, events, 1)
		sent = append(sent, events[0].Sequence)
		switch events[0].Sequence {
		case 2:
			return pipeline.Reject(errRefused)
		case 5:
			return pipeline.Throttle(errRefused, 1)
		}
		return nil
	}}}
	errs := s.sendSingly(t.Context(), events)
	require.Equal(t, []uint64{1, 2, 3, 5}, sent)
	require.NoError(t, errs[0])
	require.NoError(t, errs[2])
	require.ErrorIs(t, errs[3], errBehind)
	for i, class := range map[int]pipeline.Class{1: pipeline.ClassReject, 4: pipeline.ClassThrottle, 5: pipeline.ClassThrottle, 6: pipeline.ClassThrottle} {
		got, _ := pipeline.Classify(errs[i])
		require.Equal(t, class, got, i)
	}
}
