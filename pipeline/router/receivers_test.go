package router

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/receive"
)

func (d *door) ask(method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/", http.NoBody)
	r.URL.Path = path
	r.Header.Set(requestIDHeader, "chosen by the sender")
	d.receivers.ServeHTTP(w, r)
	return w
}

func TestUnknownPathIsToldNothing(t *testing.T) {
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": fine})
	d.receivers.divide()
	require.Equal(t, http.StatusOK, d.ask(http.MethodPost, "/sns").Code)
	paths := []string{"/", "", "*", "/sns/", "//sns", "/sns/x", "/SNS", "/a/../sns", "/metrics", "/healthz"}
	for _, path := range paths {
		w := d.ask(http.MethodPost, path)
		require.Equal(t, http.StatusNotFound, w.Code, path)
		require.Equal(t, "Not Found\n", w.Body.String(), "always the same text")
		require.Empty(t, w.Header().Get("Location"))
	}
	require.Equal(t, len(paths), d.value(t, "carillon_http_refusals_total", refusedPath, ""))
}

func TestRequestsHaveIDsOfOurOwn(t *testing.T) {
	var got string
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get(requestIDHeader)
		answer(w, http.StatusOK)
	}})
	d.receivers.divide()
	seen := map[string]bool{}
	for range 100 {
		w := d.ask(http.MethodPost, "/sns")
		require.Equal(t, got, w.Header().Get(requestIDHeader), "source and sender see the same one")
		require.Regexp(t, `^[0-9A-Za-z]{22}$`, got)
		seen[got] = true
	}
	require.Len(t, seen, 100)
	require.Equal(t, receive.RequestIDHeader, requestIDHeader, "where sources look for it")
	id := d.ask(http.MethodPost, "/x").Header().Get(requestIDHeader)
	require.Contains(t, d.log.String(), `"level":"DEBUG","msg":"request refused","request_id":"`+id+`","reason":"path"}`)
}

func TestTwoSourcesCannotShareAPath(t *testing.T) {
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": fine})
	require.EqualError(t, d.of("other").Handle("/sns", http.NotFoundHandler()),
		`path /sns is used by sources "sns" and "other": give each its own`)
}

// TestFloodOfOneSourceDoesNotStarveAnother fills one source with requests that do not end.
func TestFloodOfOneSourceDoesNotStarveAnother(t *testing.T) {
	const limit = 16
	hold, entered := make(chan struct{}), make(chan struct{})
	d := newDoor(t, HTTPConfig{MaxInFlight: limit}, map[string]http.HandlerFunc{
		"flooded": func(w http.ResponseWriter, _ *http.Request) {
			entered <- struct{}{}
			<-hold
			answer(w, http.StatusOK)
		},
		"quiet": fine,
	})
	d.receivers.divide()
	var all sync.WaitGroup
	// Its own quarter and the common half.
	for range 12 {
		all.Go(func() { d.ask(http.MethodPost, "/flooded") })
	}
	for range 12 {
		<-entered
	}
	for range 50 {
		w := d.ask(http.MethodPost, "/flooded")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, "at once")
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Equal(t, "Service Unavailable\n", w.Body.String())
		require.Equal(t, http.StatusOK, d.ask(http.MethodPost, "/quiet").Code)
	}
	require.Equal(t, 50, d.value(t, "carillon_http_refusals_total", refusedBusy, "flooded"))
	require.Equal(t, 0, d.value(t, "carillon_http_refusals_total", refusedBusy, "quiet"))
	require.Equal(t, 12, d.value(t, "carillon_http_requests_in_flight", "flooded"))
	close(hold)
	all.Wait()
	require.Equal(t, 0, d.value(t, "carillon_http_requests_in_flight", "flooded"))
}

func TestPanicOfASourceEndsOneRequest(t *testing.T) {
	d := newDoor(t, HTTPConfig{MaxInFlight: 2}, map[string]http.HandlerFunc{
		"bad": func(http.ResponseWriter, *http.Request) { panic("hunter2") }, "good": fine,
	})
	d.receivers.divide()
	for range 9 {
		w := d.ask(http.MethodPost, "/bad")
		require.Equal(t, http.StatusInternalServerError, w.Code, "so that AWS comes again")
		require.Equal(t, "Internal Server Error\n", w.Body.String())
		require.Equal(t, http.StatusOK, d.ask(http.MethodPost, "/good").Code)
	}
	require.Equal(t, 9, d.value(t, "carillon_http_refusals_total", refusedPanic, "bad"))
	require.Equal(t, 4, strings.Count(d.log.String(), "a receiver panicked"), "the 1st, 2nd, 4th and 8th")
	require.NotContains(t, d.log.String(), "hunter2")
}

func TestAbortedAnswerStaysAborted(t *testing.T) {
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }})
	d.receivers.divide()
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { d.ask(http.MethodPost, "/sns") })
	require.Equal(t, 0, d.value(t, "carillon_http_requests_in_flight", "sns"))
}

func TestHTTPMetricsAreWellFormedAndComplete(t *testing.T) {
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": fine, "bus": fine})
	problems, err := testutil.GatherAndLint(d.registry)
	require.NoError(t, err)
	require.Empty(t, problems)
	n, err := testutil.GatherAndCount(d.registry)
	require.NoError(t, err)
	require.Equal(t, 2+1+2+1+(1+2*2)+2, n, "every combination exists from the start")
}
