package sns_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/receive/receivetest"
	"carillon/connectors/sns"
	"carillon/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topicArn = "arn:aws:sns:eu-west-1:222233334444:chime"

// certHost answers requests for certificates and remembers them. Without an answer for a URL it answers 404.
type certHost struct {
	mu      sync.Mutex
	answers map[string]func() (*http.Response, error)
	asked   []string
}

func (h *certHost) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.asked = append(h.asked, r.URL.String())
	answer := h.answers[r.URL.String()]
	h.mu.Unlock()
	if answer == nil {
		return response(http.StatusNotFound, "", nil), nil
	}
	return answer()
}

func (h *certHost) serve(url string, answer func() (*http.Response, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers[url] = answer
}

func (h *certHost) serveFile(url string, file []byte) {
	h.serve(url, func() (*http.Response, error) { return response(http.StatusOK, string(file), nil), nil })
}

func (h *certHost) requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.asked...)
}

func response(status int, body string, header http.Header) *http.Response {
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body)), Header: header}
}

type harness struct {
	source   pipeline.Source
	handler  http.Handler
	registry *prometheus.Registry
	log      *receivetest.Log
	clock    *receivetest.Clock
	certs    *certHost
	signer   *signer
}

// build makes a source for topicArn whose certificate host knows the certificate of h.signer.
func build(tb testing.TB, change func(*sns.Config)) *harness {
	tb.Helper()
	h := &harness{
		registry: prometheus.NewRegistry(), log: &receivetest.Log{}, signer: newSigner(tb),
		clock: receivetest.NewClock(time.Date(2026, 2, 11, 10, 30, 0, 0, time.UTC)),
		certs: &certHost{answers: map[string]func() (*http.Response, error){}},
	}
	h.certs.serveFile(certURL, h.signer.certificate(tb, certOptions{}))
	factory := sns.FactoryWith(sns.Options{CertTransport: h.certs})
	cfg, ok := factory.Config().(*sns.Config)
	require.True(tb, ok)
	cfg.TopicArns = []string{topicArn}
	if change != nil {
		change(cfg)
	}
	require.NoError(tb, cfg.Validate())
	mux := &receivetest.Mux{}
	source, err := factory.New(cfg, pipeline.Settings{
		ID: "topic", Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Registerer: h.registry, Clock: h.clock.Now, HTTP: mux,
	})
	require.NoError(tb, err)
	h.source, h.handler = source, mux
	return h
}

// run runs the source until stop is called or the test ends; stop returns once Run has.
func (h *harness) run(tb testing.TB, out pipeline.Emitter) (stop func()) {
	tb.Helper()
	return receivetest.Run(tb, h.source, h.handler, "/sns", out)
}

// post sends body as SNS would.
func (h *harness) post(body []byte, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/sns", bytes.NewReader(body))
	r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	r.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// values returns a counter by its one label.
func (h *harness) values(t *testing.T, name string) map[string]int {
	t.Helper()
	return receivetest.Values(t, h.registry, name)
}

func (h *harness) outcomes(t *testing.T) map[string]int {
	t.Helper()
	return h.values(t, "carillon_sns_requests_total")
}

func (h *harness) refusals(t *testing.T) map[string]int {
	t.Helper()
	return h.values(t, "carillon_sns_refusals_total")
}

func (h *harness) fetches(t *testing.T) map[string]int {
	t.Helper()
	return h.values(t, "carillon_sns_certificate_fetches_total")
}

var errAway = errors.New("away")
