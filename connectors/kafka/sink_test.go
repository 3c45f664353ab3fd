package kafka_test

import (
	"context"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"carillon/connectors/format"
	"carillon/connectors/kafka"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func requireClass(t *testing.T, err error, class pipeline.Class, text string) {
	t.Helper()
	require.ErrorContains(t, err, text)
	require.NotContains(t, err.Error(), secret)
	got, _ := pipeline.Classify(pipeline.FailedAt(err, 1)[0])
	require.Equal(t, class, got)
}

func TestWrite_SendsTheNotificationAndWhatIsKnownOfIt(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f)
	e := event(7, "m")
	e.IsLate, e.Gap, e.Kind = true, "two\nlines", "50% ä"
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	stored := f.stored()
	require.Len(t, stored, 1)
	require.Equal(t, "m", string(stored[0].Key))
	require.Equal(t, e.Body, stored[0].Value)
	require.WithinDuration(t, time.Now(), stored[0].Timestamp, time.Minute)
	require.Equal(t, map[string]string{
		"content-type": "application/json", "carillon-id": e.ID.String(), "carillon-key": "m", "carillon-kind": "50% ä",
		"carillon-time": "1760000000123", "carillon-source": "queue", "carillon-sequence": "7", "carillon-epoch": "9", "carillon-late": "0",
		"carillon-gap": "two\ufffdlines",
	}, headers(stored[0]))
}

func TestWrite_OtherFormats(t *testing.T) {
	f := newFarSide(t)
	e := event(7, "m 1")
	s := started(t, f, func(c *kafka.Config) { c.Format = format.CloudEventsBinary })
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	m := f.stored()[0]
	require.Equal(t, e.Body, m.Value)
	got := headers(m)
	for name, want := range map[string]string{
		"ce_specversion": "1.0", "ce_id": e.ID.String(), "ce_type": "aws.chime.AttendeeJoined", "ce_source": "aws.chime", "ce_subject": "m 1",
		"ce_time": "2025-10-09T08:53:20.123Z", "content-type": "application/json", "ce_carillonsequence": "7",
	} {
		require.Equal(t, want, got[name], name)
	}
	require.NotContains(t, got, "ce_datacontenttype")

	s = started(t, f, func(c *kafka.Config) { c.Format = format.EventBridge })
	requireClass(t, s.Write(t.Context(), []pipeline.Event{e}), pipeline.ClassReject, "writing the event as eventbridge: the body has no detail")
}

func TestWrite_EveryCompression(t *testing.T) {
	f := newFarSide(t)
	all := []kafka.Compression{
		kafka.CompressionNone, kafka.CompressionGzip, kafka.CompressionSnappy, kafka.CompressionLZ4, kafka.CompressionZstd,
	}
	for i, compression := range all {
		s := started(t, f, func(c *kafka.Config) { c.Compression = compression })
		e := event(byte(i), "m")
		e.Body = []byte(strings.Repeat("x", 10<<10))
		require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	}
	require.Len(t, f.stored(), len(all))
}

// TestWrite_ALateAnswerIsWaitedForAgain: what got no answer in time is not sent a second time.
func TestWrite_ALateAnswerIsWaitedForAgain(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f, func(c *kafka.Config) { c.Timeout = time.Second })
	es := []pipeline.Event{event(1, "m"), event(2, "m")}
	require.NoError(t, s.Write(t.Context(), es[:1]))
	stalled := f.proxy.Stall()
	for range 3 {
		requireClass(t, s.Write(t.Context(), es[1:]), pipeline.ClassRetry, "no answer within 1s")
	}
	stalled.Resume()
	require.Eventually(t, func() bool { return s.Write(t.Context(), es[1:]) == nil }, soon, 10*time.Millisecond)
	require.Equal(t, []chime.Identity{es[0].ID, es[1].ID}, f.accepted())
}

// TestWrite_OneRefusedEventTakesNoOtherAlong: the broker refuses a batch as a whole.
func TestWrite_OneRefusedEventTakesNoOtherAlong(t *testing.T) {
	f := newFarSide(t)
	s, reg := openWith(t, f, func(c *kafka.Config) { c.MaxMessage = 10 * pipeline.KiB })
	start(t, s)
	var es []pipeline.Event
	for i := range byte(40) {
		es = append(es, event(i, string('a'+rune(i%20))))
	}
	f.refuse(func(id chime.Identity) bool { return id == es[3].ID })
	es[5].Body = make([]byte, 20<<10) // the client itself refuses this one
	answers := pipeline.FailedAt(s.Write(t.Context(), es), len(es))
	for i, err := range answers {
		class, _ := pipeline.Classify(err)
		switch i {
		case 3, 5:
			require.ErrorContains(t, err, "MESSAGE_TOO_LARGE")
			require.Equal(t, pipeline.ClassReject, class)
		case 23, 25:
			require.ErrorContains(t, err, "not sent")
			require.Equal(t, pipeline.ClassRetry, class)
		default:
			require.NoError(t, err)
		}
	}
	require.Len(t, f.accepted(), 36)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestWrite_CountsOutcomes(t *testing.T) {
	f := newFarSide(t)
	s, reg := openWith(t, f, func(c *kafka.Config) { c.Topic, c.Timeout = topic, time.Second })
	start(t, s)
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(1, "m"), event(2, "m")}))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Write(ended, []pipeline.Event{event(3, "m")}), context.Canceled)
	mend := f.proxy.Cut()
	require.Error(t, s.Write(t.Context(), []pipeline.Event{event(4, "m")}))
	mend()
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP carillon_kafka_records_total Records by how they ended.
# TYPE carillon_kafka_records_total counter
carillon_kafka_records_total{outcome="accepted"} 2
carillon_kafka_records_total{outcome="canceled"} 1
carillon_kafka_records_total{outcome="refused"} 0
carillon_kafka_records_total{outcome="rejected"} 0
carillon_kafka_records_total{outcome="throttled"} 0
carillon_kafka_records_total{outcome="timeout"} 1
carillon_kafka_records_total{outcome="unreachable"} 0
`), "carillon_kafka_records_total"))
}

func TestWrite_NoTopic(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f, func(c *kafka.Config) { c.Topic, c.Timeout = "elsewhere", 5*time.Second })
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassRetry, "UNKNOWN_TOPIC_OR_PARTITION")
}

func TestStart_SASL(t *testing.T) {
	f := newFarSide(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "router", secret), kfake.Superuser("SCRAM-SHA-512", "router", secret),
		kfake.Superuser("PLAIN", "router", secret))
	f.auth = []kgo.Opt{kgo.SASL(scram.Auth{User: "router", Pass: secret}.AsSha256Mechanism())}
	all := []kafka.Mechanism{kafka.MechanismPlain, kafka.MechanismScramSHA256, kafka.MechanismScramSHA512}
	for i, m := range all {
		login := func(c *kafka.Config) {
			c.SASL = kafka.SASLConfig{Mechanism: m, Username: "router", Password: pipeline.NewSecret(secret)}
		}
		s := started(t, f, login)
		require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(byte(i), "m")}))
		s = started(t, f, login, func(c *kafka.Config) { c.SASL.Password = pipeline.NewSecret("wrong-" + secret) })
		requireClass(t, s.Write(t.Context(), []pipeline.Event{event(99, "m")}), pipeline.ClassRetry, "the broker closed the connection")
	}
	require.Len(t, f.accepted(), len(all))
}

func TestStart_TLS(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600))
	f := newFarSide(t, kfake.TLS(web.TLS))
	s := started(t, f, func(c *kafka.Config) { c.Secure, c.TLS.CA = true, ca })
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}))

	s = started(t, f, func(c *kafka.Config) { c.Secure, c.Timeout = true, time.Second })
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(2, "m")}), pipeline.ClassRetry, "no answer within 1s: tls: failed to verify")

	s = open(t, f, func(c *kafka.Config) { c.Secure, c.TLS.CA = true, ca+"-missing" })
	starter, ok := s.(pipeline.Starter)
	require.True(t, ok)
	require.ErrorContains(t, starter.Start(t.Context()), "tls.ca: ")
	require.NoError(t, s.Close(t.Context()))
}

func TestWrite_OutsideItsLife(t *testing.T) {
	f := newFarSide(t)
	s := open(t, f)
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassFatal, "not started")
	start(t, s)
	require.NoError(t, s.Close(context.WithoutCancel(t.Context())))
	requireClass(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}), pipeline.ClassFatal, "closed")
	require.Empty(t, f.accepted())
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := kafka.Factory().New(nil, pipeline.Settings{ID: "log"})
	require.ErrorContains(t, err, `kafka sink "log"`)
}
