package router

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	mathrand "math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/eventbridge"
	"carillon/connectors/receive/receivetest"
	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/pipelinetest"
)

var hostile = flag.Int("hostile", 20_000, "how many hostile requests the soak sends to the whole router")

const (
	signingURL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
	benchTopic = "arn:aws:sns:eu-west-1:222233334444:chime"
	busKey     = "correct-horse-battery"
)

// stamp signs messages as SNS does, and serves its certificate as the host of SNS does.
type stamp struct {
	key         *rsa.PrivateKey
	certificate []byte
}

func newStamp(tb testing.TB) *stamp {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(tb, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, DNSNames: []string{"sns.amazonaws.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(tb, err)
	return &stamp{key: key, certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

func (s *stamp) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.String() != signingURL {
		return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody}, nil
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(string(s.certificate)))}, nil
}

// notification is a signed message, version 2.
func (s *stamp) notification(tb testing.TB, id int, text string) []byte {
	tb.Helper()
	m := map[string]string{
		"Message": text, "MessageId": fmt.Sprintf("0c9d1f6e-2b44-5f0a-9d0e-%012d", id), "TopicArn": benchTopic, "Type": "Notification",
		"Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	var signed strings.Builder
	for _, name := range []string{"Message", "MessageId", "Timestamp", "TopicArn", "Type"} {
		signed.WriteString(name + "\n" + m[name] + "\n")
	}
	sum := sha256.Sum256([]byte(signed.String()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	require.NoError(tb, err)
	m["Signature"], m["SignatureVersion"], m["SigningCertURL"] = base64.StdEncoding.EncodeToString(sig), "2", signingURL
	body, err := json.Marshal(m)
	require.NoError(tb, err)
	return body
}

func attendeeEvent(meeting, attendee int) string {
	return fmt.Sprintf(`{"version":"0","source":"aws.chime","account":"222233334444","region":"eu-west-1","detail-type":"Chime Meeting State Change",`+
		`"time":"%[1]s","detail":{"version":"0","eventType":"chime:AttendeeJoined","timestamp":%[2]d,"meetingId":"meeting-%[3]d",`+
		`"attendeeId":"attendee-%[4]d","externalUserId":"nurse-%[4]d","networkType":"Voip"}}`,
		time.Now().UTC().Format(time.RFC3339), time.Now().UnixMilli()+int64(attendee), meeting, attendee)
}

// sources are both receivers, as a configuration would make them.
func (s *stamp) sources(tb testing.TB) []SourceSetup {
	tb.Helper()
	topic := sns.FactoryWith(sns.Options{CertTransport: s})
	topicConfig, ok := topic.Config().(*sns.Config)
	require.True(tb, ok)
	topicConfig.TopicArns = []string{benchTopic}
	bus := eventbridge.Factory()
	busConfig, ok := bus.Config().(*eventbridge.Config)
	require.True(tb, ok)
	busConfig.Auth.APIKey.Value = pipeline.NewSecret(busKey)
	return []SourceSetup{
		{ID: "topic", New: func(set pipeline.Settings) (pipeline.Source, error) { return topic.New(topicConfig, set) }},
		{ID: "bus", New: func(set pipeline.Settings) (pipeline.Source, error) { return bus.New(busConfig, set) }},
	}
}

// startWhole starts a router with both receivers, a real journal, and sink, if it is not nil.
func startWhole(tb testing.TB, s *stamp, sink pipeline.Sink) (*Router, *prometheus.Registry) {
	tb.Helper()
	setup := Setup{
		Connect: journal.DefaultConnect(), Stream: journal.DefaultStream(), Order: order.Config{Mode: order.ModeNone, Late: order.LateForward},
		HTTP: DefaultHTTP(), Admin: AdminConfig{Listen: "127.0.0.1:0"}, Shutdown: ShutdownConfig{Drain: 5 * time.Second}, Sources: s.sources(tb),
	}
	setup.HTTP.Listen, setup.Connect.Embedded.Dir, setup.Stream.MaxBytes = "127.0.0.1:0", tb.TempDir(), pipeline.GiB
	if sink != nil {
		setup.Sinks = []SinkSetup{{ID: "out", Deliver: deliver.DefaultConfig(), New: func(pipeline.Settings) (pipeline.Sink, error) { return sink, nil }}}
	}
	registry := prometheus.NewRegistry()
	r := New(setup, Settings{Logger: slog.New(slog.DiscardHandler), Registry: registry, Clock: time.Now})
	require.NoError(tb, r.Start(tb.Context()))
	tb.Cleanup(func() { require.NoError(tb, r.Stop(context.WithoutCancel(tb.Context()))) })
	return r, registry
}

// TestSoakOfTheWholeRouter floods both receivers at once, and paths that lead nowhere. In between and afterwards good events
// of both reach the sink.
func TestSoakOfTheWholeRouter(t *testing.T) {
	s, sink := newStamp(t), &pipelinetest.Sink{}
	r, registry := startWhole(t, s, sink)
	flood := receivetest.Flood{Addr: r.HTTPAddr(), Connections: 8}
	good, plain := s.notification(t, 0, attendeeEvent(0, 0)), []byte(attendeeEvent(0, 1))
	before := receivetest.Heap()
	tally := flood.Send(t, *hostile, func(rnd *mathrand.Rand) []byte {
		switch rnd.IntN(20) {
		case 0:
			return receivetest.Request(http.MethodPost, "/eventbridge", receivetest.Spoil(rnd, plain), "X-Api-Key", busKey)
		case 1, 2:
			return receivetest.Request(http.MethodPost, "/"+strings.Repeat("x", rnd.IntN(100)), nil)
		case 3, 4, 5, 6, 7:
			return receivetest.Request(http.MethodPost, "/eventbridge", plain, "X-Api-Key", strconv.FormatUint(rnd.Uint64(), 10))
		default:
			return receivetest.Request(http.MethodPost, "/sns", receivetest.Spoil(rnd, good))
		}
	})
	require.Equal(t, *hostile, tally.Total())
	require.Zero(t, tally[http.StatusInternalServerError])
	require.Equal(t, tally[http.StatusNotFound], receivetest.Sum(t, registry, "carillon_http_refusals_total"))
	flood.Break(t, 200, func(rnd *mathrand.Rand) []byte { return receivetest.Garbage(rnd, "/sns", good) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	had := len(sink.Accepted())
	passed := flood.Send(t, 2, alternately(
		receivetest.Request(http.MethodPost, "/sns", s.notification(t, 1, attendeeEvent(1, 1))),
		receivetest.Request(http.MethodPost, "/eventbridge", []byte(attendeeEvent(2, 2)), "X-Api-Key", busKey),
	))
	require.Equal(t, receivetest.Tally{http.StatusOK: 2}, passed)
	require.NoError(t, sink.Wait(ctx, had+2))
	requireAccounted(t, registry)
	require.Less(t, receivetest.Heap(), before+64<<20)
	t.Logf("answers by status: %v", tally)
}

// alternately returns what gives out requests in turn; it may be used by several at once.
func alternately(requests ...[]byte) func(*mathrand.Rand) []byte {
	turns := make(chan []byte, len(requests))
	for _, r := range requests {
		turns <- r
	}
	return func(*mathrand.Rand) []byte { return <-turns }
}

// requireAccounted checks I2 over both sources.
func requireAccounted(tb testing.TB, registry *prometheus.Registry) {
	tb.Helper()
	sum := 0
	for _, end := range []string{"stored", "filtered", "quarantined", "failed"} {
		sum += receivetest.Sum(tb, registry, "carillon_ingest_"+end+"_total")
	}
	require.Equal(tb, receivetest.Sum(tb, registry, "carillon_ingest_received_total"), sum)
}
