package sns_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/receive/receivetest"
	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// emitFunc is an emitter that does what a test wants.
type emitFunc func(ctx context.Context) error

func (f emitFunc) Emit(ctx context.Context, _ ...pipeline.Notification) error { return f(ctx) }

func blocked(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// start runs the source inside a synctest bubble.
func (h *harness) start(t *testing.T, out pipeline.Emitter) (stop func(), done chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done = make(chan error, 1)
	go func() { done <- h.source.Run(ctx, out) }()
	synctest.Wait()
	return cancel, done
}

func TestJournalThatFailsIsNeverAnsweredBelow500(t *testing.T) {
	for name, err := range map[string]error{
		"plain": errAway, "throttle": pipeline.Throttle(errAway, time.Minute), "reject": pipeline.Reject(errAway), "fatal": pipeline.Fatal(errAway),
	} {
		t.Run(name, func(t *testing.T) {
			h, out := build(t, nil), &pipelinetest.Emitter{}
			out.Decide(func(pipeline.Notification) error { return err })
			h.run(t, out)
			body := h.signer.body(t, notification(event))
			for range 3 {
				w := h.post(body, nil)
				require.Equal(t, http.StatusServiceUnavailable, w.Code)
				require.Equal(t, "Service Unavailable\n", w.Body.String())
			}
			require.Equal(t, 3, h.outcomes(t)["not_stored"])
			require.Contains(t, h.log.String(), `"outcome":"not_stored","error":"away","count":1}`)
			require.NotContains(t, h.log.String(), "meetingId")
			out.Decide(nil)
			require.Equal(t, http.StatusOK, h.post(body, nil).Code)
		})
	}
}

func TestSlowJournalIsAnsweredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, nil)
		stop, done := h.start(t, emitFunc(blocked))
		begun := time.Now()
		w := h.post(h.signer.body(t, notification(event)), nil)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, 12*time.Second, time.Since(begun))
		stop()
		require.NoError(t, <-done)
	})
}

func TestSlowCertificateIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, nil)
		h.certs.serve(certURL, func() (*http.Response, error) {
			<-time.After(4 * time.Second)
			resp := response(http.StatusOK, "", nil)
			resp.Body = slowBody{}
			return resp, nil
		})
		stop, done := h.start(t, &pipelinetest.Emitter{})
		begun := time.Now()
		w := h.post(h.signer.body(t, notification(event)), nil)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Less(t, time.Since(begun), 10*time.Second)
		stop()
		require.NoError(t, <-done)
	})
}

type slowBody struct{}

func (slowBody) Read([]byte) (int, error) {
	<-time.After(2 * time.Second)
	return 0, context.DeadlineExceeded
}
func (slowBody) Close() error { return nil }

func TestStopWaitsForRequestsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, nil)
		body := h.signer.body(t, notification(event))
		require.Equal(t, http.StatusServiceUnavailable, h.post(body, nil).Code, "before the start")

		goOn := make(chan struct{})
		stop, done := h.start(t, emitFunc(func(ctx context.Context) error {
			select {
			case <-goOn:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}))
		status := make(chan int, 1)
		go func() { status <- h.post(body, nil).Code }()
		synctest.Wait()
		stop()
		synctest.Wait()
		require.Equal(t, http.StatusServiceUnavailable, h.post(body, nil).Code, "after the end")
		require.Empty(t, done, "Run waits for the request in hand")
		close(goOn)
		require.Equal(t, http.StatusOK, <-status, "what was taken is acknowledged")
		require.NoError(t, <-done)
		require.Equal(t, 2, h.outcomes(t)["not_running"])
	})
}

func TestMemoryForBodiesIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, nil)
		stop, done := h.start(t, emitFunc(blocked))
		body := h.signer.body(t, notification(string(make([]byte, 256<<10))))
		require.Greater(t, len(body), 1<<20, "escaped")
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() { h.post(body, nil) })
		}
		all.Wait()
		require.GreaterOrEqual(t, h.outcomes(t)["busy"], 8, "at most 64 MiB at once")
		require.Equal(t, 40, h.outcomes(t)["busy"]+h.outcomes(t)["not_stored"])
		stop()
		require.NoError(t, <-done)
	})
}

func TestMetricsAreWellFormedAndComplete(t *testing.T) {
	h := build(t, nil)
	problems, err := testutil.GatherAndLint(h.registry)
	require.NoError(t, err)
	require.Empty(t, problems)
	n, err := testutil.GatherAndCount(h.registry)
	require.NoError(t, err)
	require.Equal(t, 12+12+28+3+2+1, n, "every combination exists from the start")
}

func TestNewRefusesWhatItCannotRun(t *testing.T) {
	factory := sns.Factory()
	require.Equal(t, "sns", factory.Type)
	_, err := factory.New(factory.Config(), pipeline.Settings{ID: "topic"})
	require.EqualError(t, err, "building an sns source: there is no listener")
	_, err = factory.New(nil, pipeline.Settings{ID: "topic"})
	require.ErrorContains(t, err, "topic")
	_, err = factory.New(&sns.Config{TopicArns: []string{"x"}}, pipeline.Settings{
		ID: "topic", HTTP: &receivetest.Mux{}, Registerer: prometheus.NewRegistry(),
	})
	require.ErrorContains(t, err, `"x"`)
}
