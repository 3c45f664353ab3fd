package redis_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/format"
	"carillon/connectors/redis"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

func TestStart_WaitsForAServerThatIsAway(t *testing.T) {
	s, reg := openWith(t, "redis://router:"+secret+"@"+pipelinetest.FreeAddr(t))
	connectortest.StartSink(t, s)
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassRetry, "connection refused")
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestStart_ReadsTheFiles(t *testing.T) {
	s := open(t, "rediss://127.0.0.1", func(c *redis.Config) { c.TLS.CA = t.TempDir() + "/missing" })
	starter, ok := s.(pipeline.Starter)
	require.True(t, ok)
	require.ErrorContains(t, starter.Start(t.Context()), "tls.ca: ")
	require.NoError(t, s.Close(t.Context()))
}

// TestWrite_NoAnswer writes to one who listens and says nothing.
func TestWrite_NoAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	s := open(t, "redis://"+l.Addr().String(), func(c *redis.Config) { c.Timeout = 100 * time.Millisecond })
	connectortest.StartSink(t, s)
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassRetry, "no answer within 100ms")
}

// TestWrite_HoldsWhatFollows: what a format cannot hold is given up alone, and nothing of its meeting is sent.
func TestWrite_HoldsWhatFollows(t *testing.T) {
	s := open(t, "redis://"+pipelinetest.FreeAddr(t), func(c *redis.Config) { c.Format = format.EventBridge })
	connectortest.StartSink(t, s)
	answers := pipeline.FailedAt(s.Write(t.Context(), []pipeline.Event{event(1, "m"), event(2, "m")}), 2)
	require.ErrorContains(t, answers[0], "writing the event as eventbridge: the body has no detail")
	class, _ := pipeline.Classify(answers[0])
	require.Equal(t, pipeline.ClassReject, class)
	require.ErrorContains(t, answers[1], "not sent")
	class, _ = pipeline.Classify(answers[1])
	require.Equal(t, pipeline.ClassRetry, class)
}

func TestWrite_OutsideItsLife(t *testing.T) {
	s := open(t, "redis://"+pipelinetest.FreeAddr(t))
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassFatal, "not started")
	connectortest.StartSink(t, s)
	require.NoError(t, s.Close(context.WithoutCancel(t.Context())))
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassFatal, "closed")
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := redis.Factory().New(nil, pipeline.Settings{ID: "streams"})
	require.ErrorContains(t, err, `redis sink "streams"`)
}
