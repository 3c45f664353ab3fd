package eventbridge_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/eventbridge"
	"carillon/connectors/receive/receivetest"
	"carillon/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "correct-horse-battery"

type harness struct {
	source   pipeline.Source
	handler  http.Handler
	registry *prometheus.Registry
	log      *receivetest.Log
	clock    *receivetest.Clock
}

// build makes a source from the defaults with an API key, changed by change.
func build(t *testing.T, change func(*eventbridge.Config)) *harness {
	t.Helper()
	factory := eventbridge.Factory()
	cfg, ok := factory.Config().(*eventbridge.Config)
	require.True(t, ok)
	cfg.Auth.APIKey.Value = pipeline.NewSecret(key)
	h := &harness{registry: prometheus.NewRegistry(), log: &receivetest.Log{}, clock: receivetest.NewClock(time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC))}
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	mux := &receivetest.Mux{}
	source, err := factory.New(cfg, pipeline.Settings{
		ID: "bus", Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Registerer: h.registry, Clock: h.clock.Now, HTTP: mux,
	})
	require.NoError(t, err)
	h.source, h.handler = source, mux
	return h
}

// run runs the source until stop is called or the test ends; stop returns once Run has.
func (h *harness) run(t *testing.T, out pipeline.Emitter) (stop func()) {
	t.Helper()
	return receivetest.Run(t, h.source, h.handler, "/eventbridge", out)
}

// post sends body with the right key, changed by change, straight to the handler.
func (h *harness) post(body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/eventbridge", strings.NewReader(body))
	r.Header.Set("X-Api-Key", key)
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// count is the number of requests with the given outcome.
func (h *harness) count(t *testing.T, outcome string) int {
	t.Helper()
	n, ok := h.values(t, "carillon_eventbridge_requests_total")[outcome]
	require.True(t, ok, "no such outcome: %s", outcome)
	return n
}

// values returns a counter by its one label.
func (h *harness) values(t *testing.T, name string) map[string]int {
	t.Helper()
	return receivetest.Values(t, h.registry, name)
}

func event(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/event.json")
	require.NoError(t, err)
	return string(b)
}
