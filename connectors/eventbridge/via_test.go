package eventbridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/connectortest"
	"carillon/connectors/eventbridge"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// TestViaAQueue takes events out of the queue that a rule writes to. No listener is needed, and the queue's memory is known.
func TestViaAQueue(t *testing.T) {
	server, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close(context.WithoutCancel(t.Context()))) })
	queue, err := server.CreateQueue("chime")
	require.NoError(t, err)
	require.NoError(t, server.PutRule(awslocal.Rule{Name: "chime", Sources: []string{"aws.chime"}, Queue: queue}))
	factory := eventbridge.Factory()
	cfg, ok := factory.Config().(*eventbridge.Config)
	require.True(t, ok)
	require.True(t, cfg.UsesPath())
	cfg.Via.QueueURL, cfg.Via.Region = queue, server.Region()
	cfg.Via.AccessKeyID, cfg.Via.SecretAccessKey = pipeline.NewSecret("AKIDLOCAL"), pipeline.NewSecret("hunter2")
	require.NoError(t, cfg.Validate())
	require.False(t, cfg.UsesPath())
	registry := prometheus.NewRegistry()
	src, err := factory.New(cfg, pipeline.Settings{
		ID: "bus", Logger: slog.New(slog.DiscardHandler), Registerer: registry, Clock: time.Now,
	})
	require.NoError(t, err)
	starter, ok := src.(pipeline.Starter)
	require.True(t, ok)
	require.NoError(t, starter.Start(t.Context()))
	keeper, ok := src.(pipeline.Keeper)
	require.True(t, ok)
	require.Equal(t, 96*time.Hour, keeper.Keeps())

	out, done := &pipelinetest.Emitter{}, make(chan error, 1)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	go func() { done <- src.Run(ctx, out) }()
	var want []string
	for i := range 12 {
		want = append(want, strings.Replace(strings.TrimSpace(event(t)), "teacher-7", fmt.Sprintf("teacher-%d", i), 1))
		require.NoError(t, server.Inject([]byte(want[i])))
	}
	require.NoError(t, out.Wait(ctx, len(want)))
	stop()
	require.NoError(t, <-done)
	var got []string
	for _, n := range out.Stored() {
		got = append(got, string(n.Body))
	}
	require.ElementsMatch(t, want, got)
	left, err := server.Bodies("chime")
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestValidateOfVia(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*eventbridge.Config)
		want   []string
	}{
		"a queue is enough": {func(c *eventbridge.Config) { c.Via.Queue = "chime" }, nil},
		"no queue":          {func(c *eventbridge.Config) { c.Via.Region = "eu-central-1" }, []string{"via.queue_url: is required"}},
		"with a key": {func(c *eventbridge.Config) {
			c.Via.Queue, c.Auth.APIKey.Value = "chime", pipeline.NewSecret("hunter2")
		}, []string{"auth: is of no use with via"}},
		"every problem": {func(c *eventbridge.Config) {
			c.Via.Queue, c.Via.MaxPollers, c.Via.ExternalID, c.Via.Wait = "a b", 0, "x", time.Minute
		}, []string{"via.queue: ", "via.max_pollers: ", "via.wait: ", "via.external_id: "}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := eventbridge.DefaultConfig()
			tt.change(&cfg)
			connectortest.Problems(t, cfg.Validate(), tt.want)
		})
	}
}
