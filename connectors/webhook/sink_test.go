package webhook_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/connectortest"
	"carillon/connectors/format"
	"carillon/connectors/webhook"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "token-that-is-secret"
	echo   = "what-the-receiver-answered"
)

func settings(reg prometheus.Registerer) pipeline.Settings {
	return pipeline.Settings{ID: "hook", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now}
}

// open builds a sink that posts to url with a secret in its header, its query, its path and its user information.
func open(t *testing.T, url string, timeout time.Duration, changes ...func(*webhook.Config)) pipeline.Sink {
	t.Helper()
	url = strings.Replace(url, "://", "://user:"+secret+"@", 1) + "/" + secret + "?key=" + secret
	cfg := webhook.DefaultConfig()
	cfg.URL, cfg.Timeout = pipeline.NewSecret(url), timeout
	cfg.Headers = map[string]pipeline.Secret{"x-token": pipeline.NewSecret(secret)}
	for _, change := range changes {
		change(&cfg)
	}
	require.NoError(t, cfg.Validate())
	sink, err := webhook.Factory().New(&cfg, settings(prometheus.NewRegistry()))
	require.NoError(t, err)
	return sink
}

func closeSink(t *testing.T, s pipeline.Sink) {
	t.Helper()
	require.NoError(t, s.Close(context.WithoutCancel(t.Context())))
}

func event(n byte, key string) pipeline.Event {
	return pipeline.Event{
		ID: chime.Identity{15: n}, Key: key, Kind: "chime:MeetingStarted", Time: time.UnixMilli(1760000000123), Source: "queue",
		Sequence: uint64(n), Epoch: 9, Body: []byte(`{"secret":"` + secret + `"}`),
	}
}

func TestSink(t *testing.T) {
	for _, f := range []format.Format{format.Raw, format.CloudEventsBinary} {
		t.Run(string(f), func(t *testing.T) {
			connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
				t.Helper()
				r := newReceiver(t)
				return connectortest.SinkDriver{
					Open:     func() pipeline.Sink { return open(t, r.URL, time.Minute, func(c *webhook.Config) { c.Format = f }) },
					Accepted: r.accepted, Refuse: r.refuse, Stall: r.Stall,
					Cut: func() func() {
						r.setCut(true)
						return func() { r.setCut(false) }
					},
					Secrets: []string{secret, echo},
				}
			})
		})
	}
}

// TestFaults has answers that are later than the sink waits for: their requests are accepted after they were sent again.
func TestFaults(t *testing.T) {
	r := &receiver{}
	server := connectortest.NewServer(t, r)
	connectortest.Faults(t, connectortest.FaultDriver{
		Open:     func() pipeline.Sink { return open(t, server.URL(), 100*time.Millisecond) },
		Accepted: r.accepted, Cut: server.Cut, Errors: server.Errors, Delay: server.Delay, Restart: server.Restart,
		Secrets: []string{secret, echo},
	}, connectortest.FaultOptions{Late: 150 * time.Millisecond})
}

func TestWrite_SendsTheNotificationAndWhatIsKnownOfIt(t *testing.T) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	s := open(t, server.URL, time.Minute)
	defer closeSink(t, s)

	e := event(7, "m")
	e.IsLate, e.Gap, e.Kind = true, "two\nlines", "50% ä"
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	require.Equal(t, e.Body, body)
	user, password, ok := got.BasicAuth()
	require.True(t, ok)
	require.Equal(t, "user/"+secret, user+"/"+password)
	got.Header.Del("Authorization")
	sent, err := strconv.ParseInt(got.Header.Get("Webhook-Timestamp"), 10, 64)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), time.Unix(sent, 0), time.Minute)
	got.Header.Del("Webhook-Timestamp")
	require.Equal(t, http.Header{
		"Accept-Encoding": nil, "Content-Type": {"application/json"}, "Content-Length": {"33"}, "User-Agent": {"Carillon"}, "X-Token": {secret},
		"Carillon-Id": {"00000000000000000000000000000007"}, "Carillon-Key": {"m"}, "Carillon-Kind": {"50%25 %C3%A4"},
		"Carillon-Time": {"1760000000123"}, "Carillon-Source": {"queue"}, "Carillon-Sequence": {"7"}, "Carillon-Epoch": {"9"},
		"Carillon-Late": {"0"}, "Carillon-Gap": {"two%EF%BF%BDlines"}, "Webhook-Id": {e.ID.String()},
	}, withNil(got.Header, "Accept-Encoding"))

	require.NoError(t, s.Write(t.Context(), []pipeline.Event{{Key: "k"}}))
	require.Empty(t, body)
	for _, name := range []string{"Carillon-Late", "Carillon-Gap", "Carillon-Time"} {
		require.NotContains(t, got.Header, name)
	}
}

func withNil(h http.Header, name string) http.Header {
	h[name] = nil
	return h
}

// TestWrite_ErrorsNameStatusAndHost looks at every way a request can end badly.
func TestWrite_ErrorsNameStatusAndHost(t *testing.T) {
	slow := make(chan struct{})
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
		class  pipeline.Class
	}{
		{"refused", status(400, nil), "answered 400 Bad Request", pipeline.ClassReject},
		{"unknown status", status(499, nil), "answered 499", pipeline.ClassReject},
		{"credential", status(401, nil), "answered 401 Unauthorized", pipeline.ClassRetry},
		{"redirect", status(307, map[string]string{"Location": "/" + echo}), "configure the final URL", pipeline.ClassReject},
		{"pause", status(429, map[string]string{"Retry-After": "7"}), "answered 429 Too Many Requests", pipeline.ClassThrottle},
		{"aborted", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "without an answer", pipeline.ClassRetry},
		{"no HTTP", raw(echo + "\r\n\r\n"), "no usable answer", pipeline.ClassRetry},
		{"bad status", raw("HTTP/1.1 " + echo + "\r\n\r\n"), "no usable answer", pipeline.ClassRetry},
		{"bad header", raw("HTTP/1.1 200 OK\r\n" + echo + "\r\n\r\n"), "no usable answer", pipeline.ClassRetry},
		{"long header", raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat(echo, 4000) + "\r\n\r\n"), "no usable answer", pipeline.ClassRetry},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body); <-slow }, "no answer within 200ms", pipeline.ClassRetry},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(row.answer)
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			server.Start()
			defer server.Close()
			if row.name == "slow" {
				defer close(slow)
			}
			s := open(t, server.URL, 200*time.Millisecond)
			defer closeSink(t, s)
			err := s.Write(t.Context(), []pipeline.Event{event(1, "m")})
			requireSafe(t, err, row.want, row.class)
			require.ErrorContains(t, err, server.Listener.Addr().String())
		})
	}
}

func TestWrite_ErrorsOfConnecting(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	untrusted.StartTLS()
	defer untrusted.Close()
	for name, row := range map[string]struct{ url, want string }{
		"nobody listens":        {gone.URL, "connection refused"},
		"no TLS":                {strings.Replace(plain.URL, "http:", "https:", 1), "does not speak TLS"},
		"untrusted certificate": {untrusted.URL, "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, row.url, 10*time.Second)
			defer closeSink(t, s)
			requireSafe(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), row.want, pipeline.ClassRetry)
		})
	}
}

func requireSafe(t *testing.T, err error, want string, class pipeline.Class) {
	t.Helper()
	require.ErrorContains(t, err, want)
	got, wait := pipeline.Classify(err)
	require.Equal(t, class, got)
	if class == pipeline.ClassThrottle {
		require.Equal(t, 7*time.Second, wait)
	}
	for _, hidden := range []string{secret, echo, "user"} {
		require.NotContains(t, err.Error(), hidden)
	}
}

func status(code int, headers map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, echo)
	}
}

// raw answers with text instead of HTTP.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.Close()
	}
}

func TestWrite_DoesNotFollowRedirects(t *testing.T) {
	var followed atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/final", func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	mux.HandleFunc("/", status(302, map[string]string{"Location": "/final"}))
	server := httptest.NewServer(mux)
	defer server.Close()
	s := open(t, server.URL, time.Minute)
	defer closeSink(t, s)
	require.Error(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}))
	require.Zero(t, followed.Load())
}

func TestWrite_UsesConnectionsAgain(t *testing.T) {
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("Carillon-Sequence"), "1") {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 32<<10))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	s := open(t, server.URL, time.Minute)
	defer closeSink(t, s)
	for i := range byte(50) {
		_ = s.Write(t.Context(), []pipeline.Event{event(i, "m")}) // some are refused on purpose
	}
	require.EqualValues(t, 1, opened.Load())
}

func TestWrite_SurvivesThatIdleConnectionsWereClosed(t *testing.T) {
	r := newReceiver(t)
	s := open(t, r.URL, time.Minute)
	defer closeSink(t, s)
	for i := range byte(20) {
		require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(i, "m")}))
		r.CloseClientConnections()
	}
}

// TestWrite_SeveralEvents goes beyond what the router does with a sink that is no Batcher.
func TestWrite_SeveralEvents(t *testing.T) {
	r := newReceiver(t)
	s := open(t, r.URL, time.Minute)
	defer closeSink(t, s)
	es := []pipeline.Event{event(1, "a"), event(2, "b"), event(3, "a"), event(4, "b")}
	r.refuse(func(id chime.Identity) bool { return id == es[0].ID })
	answers := pipeline.FailedAt(s.Write(t.Context(), es), len(es))
	require.Equal(t, []chime.Identity{es[1].ID, es[3].ID}, r.accepted())
	require.NoError(t, answers[1])
	require.NoError(t, answers[3])
	class, _ := pipeline.Classify(answers[0])
	require.Equal(t, pipeline.ClassReject, class)
	class, _ = pipeline.Classify(answers[2])
	require.Equal(t, pipeline.ClassRetry, class, "what was not sent is not given up")
}

func TestWrite_AfterCloseIsFatal(t *testing.T) {
	r := newReceiver(t)
	s := open(t, r.URL, time.Minute)
	closeSink(t, s)
	class, _ := pipeline.Classify(s.Write(t.Context(), []pipeline.Event{event(1, "m")}))
	require.Equal(t, pipeline.ClassFatal, class)
	require.Empty(t, r.accepted())
}

func TestWrite_CountsOutcomes(t *testing.T) {
	r := newReceiver(t)
	reg := prometheus.NewPedanticRegistry()
	cfg := webhook.DefaultConfig()
	cfg.URL = pipeline.NewSecret(r.URL)
	cfg.Headers = map[string]pipeline.Secret{"X-Token": pipeline.NewSecret(secret)}
	s, err := webhook.Factory().New(&cfg, settings(reg))
	require.NoError(t, err)
	defer closeSink(t, s)
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}))
	r.setCut(true)
	require.Error(t, s.Write(t.Context(), []pipeline.Event{event(2, "m")}))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Write(ended, []pipeline.Event{event(3, "m")}), context.Canceled)

	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP carillon_webhook_requests_total Requests by how they ended.
# TYPE carillon_webhook_requests_total counter
carillon_webhook_requests_total{outcome="accepted"} 1
carillon_webhook_requests_total{outcome="canceled"} 1
carillon_webhook_requests_total{outcome="rejected"} 0
carillon_webhook_requests_total{outcome="retry"} 0
carillon_webhook_requests_total{outcome="throttled"} 0
carillon_webhook_requests_total{outcome="timeout"} 0
carillon_webhook_requests_total{outcome="unreachable"} 1
`), "carillon_webhook_requests_total"))
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := webhook.Factory().New(nil, settings(nil))
	require.ErrorContains(t, err, `webhook sink "hook"`)
}
