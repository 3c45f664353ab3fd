package router_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/pipelinetest"
	"carillon/pipeline/router"
)

// keeper is a source in front of something that keeps notifications for so long.
type keeper struct {
	*pipelinetest.Source

	kept time.Duration
}

func (k keeper) Keeps() time.Duration { return k.kept }

// TestLongerMemoryOfAQueueIsWarnedAbout has one queue that remembers longer than EVENTS, one that does not, and one that does
// not say.
func TestLongerMemoryOfAQueueIsWarnedAbout(t *testing.T) {
	stream, connect := journal.DefaultStream(), journal.DefaultConnect()
	stream.Partitions, stream.MaxBytes, stream.Retention = 1, 64*pipeline.MiB, 24*time.Hour
	connect.Embedded.Dir = t.TempDir()
	setup := router.Setup{
		Connect: connect, Stream: stream, Order: order.DefaultConfig(), HTTP: router.HTTPConfig{Listen: "127.0.0.1:0"},
		Admin: router.AdminConfig{Listen: "127.0.0.1:0"}, Shutdown: router.DefaultShutdown(),
	}
	for id, kept := range map[string]time.Duration{"long": 25 * time.Hour, "equal": 24 * time.Hour, "silent": 0} {
		src := keeper{pipelinetest.NewSource(), kept}
		setup.Sources = append(setup.Sources, router.SourceSetup{ID: id, New: func(pipeline.Settings) (pipeline.Source, error) { return src, nil }})
	}
	var log bytes.Buffer
	r := router.New(setup, router.Settings{
		Logger:   slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Registry: prometheus.NewRegistry(), Clock: time.Now,
	})
	require.NoError(t, r.Start(t.Context()))
	require.NoError(t, r.Stop(context.WithoutCancel(t.Context())))
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("longer than copies are recognised")), log.String())
	require.Contains(t, log.String(), "source=long kept=25h0m0s retention=24h0m0s")
}
