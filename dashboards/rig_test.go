package dashboards_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"carillon/connectors"
	"carillon/connectors/awslocal"
	"carillon/pipeline/config"
	"carillon/pipeline/router"
	"carillon/pipeline/telemetry"
)

const (
	// limit is how long a test waits for anything: under the race detector ten sinks read 10,000 events each for a minute.
	limit = 5 * time.Minute
	// posted is how many notifications go in one request.
	posted = 200
)

// rig is a whole router with a source and a sink of every type, and the AWS and the far side that it needs.
type rig struct {
	aws      *awslocal.Server
	queue    string
	topic    string
	far      *farSide
	registry *prometheus.Registry
	router   *router.Router
	client   *http.Client
}

// farSide answers what webhooks send.
type farSide struct {
	*httptest.Server

	answer atomic.Pointer[http.HandlerFunc]
}

func newFarSide(t *testing.T) *farSide {
	t.Helper()
	f := &farSide{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { (*f.answer.Load())(w, req) }))
	t.Cleanup(f.Close)
	f.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return f
}

// answers makes the far side answer so from now on.
func (f *farSide) answers(h http.HandlerFunc) { f.answer.Store(&h) }

// rigOptions change a rig.
type rigOptions struct {
	// order is the section order as one line of YAML.
	order string
	// grace is how long a path has to bring what another one brought; 0: as in production.
	grace time.Duration
}

// document is a configuration with every type of source and sink. A new type is added here.
const document = `
nats: {embedded: {dir: %q, sync: interval}}
stream: {partitions: 4, max_bytes: 64MiB}
http: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
order: %s
sources:
  sqs: {type: sqs, queue_url: %q, region: us-east-1, endpoint: %q, access_key_id: k, secret_access_key: s}
  sns: {type: sns, topic_arns: [%q], endpoint: %q, access_key_id: k, secret_access_key: s}
  eventbridge: {type: eventbridge, auth: {api_key: {header: x-api-key, value: k}}}
sinks:
  webhook: {type: webhook, url: %q, start: earliest, retry: {initial: 50ms, max: 500ms}}
  file: {type: file, path: %q, start: earliest, fsync: never}
  stdout: {type: stdout, start: earliest}
  # These have no far side, and nothing to send to it.
  sqs: {type: sqs, kinds: [none], queue_url: "http://127.0.0.1:1/111122223333/q", region: us-east-1, access_key_id: k, secret_access_key: s}
  sns: {type: sns, kinds: [none], topic_arn: "arn:aws:sns:us-east-1:111122223333:t", access_key_id: k, secret_access_key: s}
  eventbridge: {type: eventbridge, kinds: [none], bus: b, region: us-east-1, access_key_id: k, secret_access_key: s}
  nats: {type: nats, kinds: [none], url: "nats://127.0.0.1:1", mode: core, subject: "s"}
  kafka: {type: kafka, kinds: [none], brokers: ["127.0.0.1:1"], topic: t}
  redis: {type: redis, kinds: [none], url: "redis://127.0.0.1:1/0", stream: s}
  postgres: {type: postgres, kinds: [none], url: "postgres://u@127.0.0.1:1/d?sslmode=disable"}
`

func start(t *testing.T, o rigOptions) *rig {
	t.Helper()
	r := &rig{registry: telemetry.NewRegistry("test"), client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(r.client.CloseIdleConnections)
	var err error
	r.aws, err = awslocal.Start(awslocal.Options{Workers: 16})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.aws.Close(context.Background())) })
	r.queue, err = r.aws.CreateQueue("chime")
	require.NoError(t, err)
	r.topic, err = r.aws.CreateTopic("chime")
	require.NoError(t, err)
	r.far = newFarSide(t)
	factories := connectors.All(connectors.Options{Stdout: &bytes.Buffer{}, CertTransport: r.aws.CertTransport()})
	dir := t.TempDir()
	text := fmt.Appendf(nil, document, dir, o.order, r.queue, r.aws.Endpoint(), r.topic, r.aws.Endpoint(), r.far.URL, filepath.Join(dir, "out.ndjson"))
	c, err := config.LoadBytes("test", text, factories, nil)
	require.NoError(t, err)
	requireEveryType(t, c)
	setup, err := c.Setup(factories)
	require.NoError(t, err)
	r.router = router.New(setup, router.Settings{Logger: slog.New(slog.DiscardHandler), Registry: r.registry, Clock: time.Now, Grace: o.grace})
	require.NoError(t, r.router.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, r.router.Stop(context.Background())) })
	return r
}

// requireEveryType expects no connector to be missing in the reference of metrics.
func requireEveryType(t *testing.T, c *config.Config) {
	t.Helper()
	var have []string
	for _, s := range c.Sources {
		have = append(have, "source "+s.Type)
	}
	for _, s := range c.Sinks {
		have = append(have, "sink "+s.Type)
	}
	all := connectors.All(connectors.Options{})
	var want []string
	for _, f := range all.Sources {
		want = append(want, "source "+f.Type)
	}
	for _, f := range all.Sinks {
		want = append(want, "sink "+f.Type)
	}
	slices.Sort(have)
	slices.Sort(want)
	require.Equal(t, want, have, "every type of connector stands once in the configuration of this test")
}

// post sends bodies as EventBridge Pipes do, in arrays.
func (r *rig) post(t *testing.T, bodies []string) {
	t.Helper()
	for part := range slices.Chunk(bodies, posted) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.router.HTTPAddr()+"/eventbridge", strings.NewReader("["+strings.Join(part, ",")+"]"))
		require.NoError(t, err)
		req.Header.Set("X-Api-Key", "k")
		resp, err := r.client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
}

// gather returns what the router tells.
func (r *rig) gather(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	families, err := r.registry.Gather()
	require.NoError(t, err)
	return families
}

// sum returns the sum of a counter or gauge over the series that have a label's value; an empty label stands for all.
func (r *rig) sum(t *testing.T, name, label, value string) float64 {
	t.Helper()
	sum := 0.0
	for _, f := range r.gather(t) {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || has(m, label, value)) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func has(m *dto.Metric, label, value string) bool {
	return slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == label && l.GetValue() == value })
}

func (r *rig) await(t *testing.T, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, limit, 100*time.Millisecond, what)
}

// joined is a notification that somebody joined a meeting at a time in milliseconds.
func joined(meeting, attendee string, ms int64) string {
	return fmt.Sprintf(`{"version":"0","id":"%s-%s-%d","source":"aws.chime","account":"111122223333","region":"us-east-1",`+
		`"detail-type":"Chime Meeting State Change","time":"2026-01-05T10:00:00Z","resources":[],"detail":{"version":"0",`+
		`"eventType":"chime:AttendeeJoined","timestamp":%d,"meetingId":%q,"attendeeId":%q,"networkType":"Voip"}}`, meeting, attendee, ms, ms, meeting, attendee)
}
