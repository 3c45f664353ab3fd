package receive_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/receive"
	"carillon/connectors/receive/receivetest"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

type ending string

// TestEndpoint_CountsHowRequestsEnd: of a request that comes before Run nothing is handled, and every request is answered once.
func TestEndpoint_CountsHowRequestsEnd(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	e := receive.NewEndpoint(reg, receive.EndpointOptions[ending]{
		Component: "test", Requests: "Requests.", Duration: "Time.", Buckets: []float64{1}, Timeout: time.Hour,
		Outcomes: []ending{"good", "bad", "closed"}, NotRunning: "closed",
	})
	errBad := errors.New("bad")
	var answers []ending
	serve := func(how ending, err error) {
		e.Serve(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/hook", http.NoBody),
			func(_ http.ResponseWriter, r *http.Request, out pipeline.Emitter) (ending, error) {
				_, bounded := r.Context().Deadline()
				require.True(t, bounded)
				require.NotNil(t, out)
				require.Equal(t, 1, receivetest.Sum(t, reg, "carillon_test_requests_in_flight"))
				return how, err
			},
			func(_ http.ResponseWriter, r *http.Request, got ending, because error) {
				_, bounded := r.Context().Deadline()
				require.True(t, bounded)
				require.True(t, got == "closed" && because == nil || errors.Is(because, err))
				answers = append(answers, got)
			})
	}
	serve("good", nil)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { e.Run(ctx, &pipelinetest.Emitter{}) })
	require.Eventually(t, func() bool {
		_, leave, ok := e.Enter()
		if ok {
			leave()
		}
		return ok
	}, 5*time.Second, time.Millisecond)
	serve("good", nil)
	serve("bad", errBad)
	cancel()
	running.Wait()
	serve("good", nil)
	require.Equal(t, []ending{"closed", "good", "bad", "closed"}, answers)
	require.Equal(t, map[string]int{"closed": 2, "good": 1, "bad": 1}, receivetest.Values(t, reg, "carillon_test_requests_total"))
	require.Zero(t, receivetest.Sum(t, reg, "carillon_test_requests_in_flight"))
}
