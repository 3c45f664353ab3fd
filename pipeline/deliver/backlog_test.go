package deliver

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
	"carillon/pipeline/telemetry"
)

// TestBacklogOfASinkThatStopped expects what waits for it to be shown although nobody reads it.
func TestBacklogOfASinkThatStopped(t *testing.T) {
	r, sink := newRig(t, nil), &pipelinetest.Sink{}
	sink.Decide(func(pipeline.Event) error { return pipeline.Fatal(errors.New("gone")) })
	r.fill(5, "a", "b")
	d := r.deliver("out", sink, testConfig())
	r.eventually("backlog shown", func() bool { return d.metric("carillon_deliver_backlog_events") == 10 })
	require.Zero(t, d.metric("carillon_deliver_last_success_timestamp_seconds"))
	d.returned()
	require.NoError(t, d.Stop(t.Context()))
}

func TestLastSuccessOfASink(t *testing.T) {
	r, begin := newRig(t, nil), time.Now()
	r.fill(3, "a")
	d := r.deliver("out", &pipelinetest.Sink{}, testConfig())
	r.settled()
	require.GreaterOrEqual(t, d.metric("carillon_deliver_last_success_timestamp_seconds"), telemetry.Seconds(begin))
	d.end()
}
