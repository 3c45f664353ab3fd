package router

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/receive/receivetest"
	"carillon/pipeline/ingest"
)

// entranceOnly starts the listener and both receivers with ingest behind them and no journal, and returns the address.
func entranceOnly(tb testing.TB, s *stamp) string {
	tb.Helper()
	set := Settings{Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(), Clock: time.Now}
	r := New(Setup{HTTP: HTTPConfig{Listen: "127.0.0.1:0"}}, set)
	d := r.newFrontDoor()
	in := ingest.New(&receivetest.Journal{})
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	var running sync.WaitGroup
	for _, setup := range s.sources(tb) {
		settings := r.settings("source", setup.ID)
		settings.HTTP = d.of(setup.ID)
		src, err := setup.New(settings)
		require.NoError(tb, err)
		running.Go(func() { _ = src.Run(ctx, in.Emitter(settings)) })
	}
	require.NoError(tb, d.start(tb.Context()))
	tb.Cleanup(func() {
		require.NoError(tb, d.stop(context.WithoutCancel(tb.Context())))
		cancel()
		running.Wait()
	})
	d.awaitOpen(tb, "/sns")
	return d.listening()
}

// awaitOpen asks with a method that stores nothing until the source behind path runs.
func (d *frontDoor) awaitOpen(tb testing.TB, path string) {
	tb.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	require.Eventually(tb, func() bool {
		r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, "http://"+d.listening()+path, http.NoBody)
		require.NoError(tb, err)
		resp, err := client.Do(r)
		require.NoError(tb, err)
		require.NoError(tb, resp.Body.Close())
		return resp.StatusCode == http.StatusMethodNotAllowed
	}, 20*time.Second, time.Millisecond)
}
