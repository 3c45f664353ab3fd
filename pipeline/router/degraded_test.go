package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/order"
)

// TestDegraded has a sink that accepts nothing: the router stays ready, says what is wrong, and says nothing any more afterwards.
func TestDegraded(t *testing.T) {
	r := start(t, t.TempDir(), order.Config{Mode: order.ModeNone, Late: order.LateForward})
	defer r.stop(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var down atomic.Bool
	down.Store(true)
	r.sink.Decide(func(pipeline.Event) error {
		if down.Load() {
			return errors.New("nobody is there")
		}
		return nil
	})
	ready := func() (status int, degraded map[string]string) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.router.AdminAddr()+"/readyz", http.NoBody)
		require.NoError(t, err)
		req.Close = true
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		var answer struct{ Degraded map[string]string }
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		return resp.StatusCode, answer.Degraded
	}
	for i := range 20 {
		require.NoError(t, r.sources["bus"].Emit(ctx, joined(fmt.Sprintf("meeting-%d", i), "a", time.Now().UnixMilli())))
	}
	require.Eventually(t, func() bool {
		status, degraded := ready()
		require.Equal(t, http.StatusOK, status)
		return degraded["sink out"] == "accepts nothing: nobody is there"
	}, 20*time.Second, 10*time.Millisecond)
	down.Store(false)
	require.NoError(t, r.sink.Wait(ctx, 20))
	_, degraded := ready()
	require.Empty(t, degraded)
}
