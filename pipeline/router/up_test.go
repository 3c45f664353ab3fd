package router_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/pipelinetest"
	"carillon/pipeline/router"
)

// broken is a source that gives up at once.
type broken struct{}

func (broken) Run(context.Context, pipeline.Emitter) error { return errors.New("denied") }

// TestWhoIsUpIsShown expects what stopped for good to be told from what runs.
func TestWhoIsUpIsShown(t *testing.T) {
	reg, good, sinks := prometheus.NewRegistry(), pipelinetest.NewSource(), map[string]*pipelinetest.Sink{"ends": {}, "goes": {}}
	sinks["ends"].Decide(func(pipeline.Event) error { return pipeline.Fatal(errors.New("gone")) })
	stream, connect := journal.DefaultStream(), journal.DefaultConnect()
	stream.Partitions, stream.MaxBytes, connect.Embedded.Dir = 4, 64*pipeline.MiB, t.TempDir()
	setup := router.Setup{
		Connect: connect, Stream: stream, Order: order.Config{Mode: order.ModeNone, Late: order.LateForward},
		HTTP: router.HTTPConfig{Listen: "127.0.0.1:0"}, Admin: router.AdminConfig{Listen: "127.0.0.1:0"}, Shutdown: router.DefaultShutdown(),
		Sources: []router.SourceSetup{
			{ID: "good", New: func(pipeline.Settings) (pipeline.Source, error) { return good, nil }},
			{ID: "broken", New: func(pipeline.Settings) (pipeline.Source, error) { return broken{}, nil }},
		},
	}
	for id, sink := range sinks {
		setup.Sinks = append(setup.Sinks, router.SinkSetup{
			ID: id, Deliver: deliver.DefaultConfig(), New: func(pipeline.Settings) (pipeline.Sink, error) { return sink, nil },
		})
	}
	r := router.New(setup, router.Settings{Logger: slog.New(slog.DiscardHandler), Registry: reg, Clock: time.Now})
	require.NoError(t, r.Start(t.Context()))
	defer func() { require.NoError(t, r.Stop(context.WithoutCancel(t.Context()))) }()
	require.NoError(t, good.Emit(t.Context(), joined("m", "a", 1)))
	want := map[string]float64{
		"carillon_router_source_up good": 1, "carillon_router_source_up broken": 0,
		"carillon_router_sink_up goes": 1, "carillon_router_sink_up ends": 0, "carillon_router_owned_partitions": 4,
	}
	require.Eventually(t, func() bool {
		got := gauges(reg)
		for name, value := range want {
			if got[name] != value {
				return false
			}
		}
		return true
	}, 20*time.Second, 20*time.Millisecond)
}

// gauges returns the gauges by name and the value of their one label.
func gauges(g prometheus.Gatherer) map[string]float64 {
	families, _ := g.Gather()
	out := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := []string{f.GetName()}
			for _, l := range m.GetLabel() {
				name = append(name, l.GetValue())
			}
			out[strings.Join(name, " ")] = m.GetGauge().GetValue()
		}
	}
	return out
}
