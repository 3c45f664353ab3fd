package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	ce "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/stretchr/testify/require"

	"carillon/connectors/format"
	"carillon/connectors/webhook"
	"carillon/pipeline"
)

// posted returns what a sink in format f sends for e.
func posted(t *testing.T, f format.Format, e pipeline.Event) (http.Header, []byte) {
	t.Helper()
	var header http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		header = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	s := open(t, server.URL, time.Minute, func(c *webhook.Config) { c.Format = f })
	defer closeSink(t, s)
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	require.Equal(t, e.ID.String(), header.Get("Carillon-Id"), "every format has our own headers")
	return header, body
}

func TestWrite_CloudEventsAreReadByTheSDK(t *testing.T) {
	e := event(7, "m 1")
	e.Kind, e.IsLate, e.Late, e.Gap = "chime:AttendeeJoined", true, 1500*time.Millisecond, "a b"
	for f, encoding := range map[format.Format]binding.Encoding{
		format.CloudEvents: binding.EncodingStructured, format.CloudEventsBinary: binding.EncodingBinary,
	} {
		header, body := posted(t, f, e)
		message := cehttp.NewMessage(header, io.NopCloser(bytes.NewReader(body)))
		require.Equal(t, encoding, message.ReadEncoding())
		got, err := binding.ToEvent(context.Background(), message)
		require.NoError(t, err)
		require.NoError(t, got.Validate())
		require.Equal(t, ce.CloudEventsVersionV1, got.SpecVersion())
		require.Equal(t, e.ID.String(), got.ID())
		require.Equal(t, "aws.chime", got.Source())
		require.Equal(t, "aws.chime.AttendeeJoined", got.Type())
		require.True(t, e.Time.Equal(got.Time()))
		require.Equal(t, "application/json", got.DataContentType())
		require.JSONEq(t, string(e.Body), string(got.Data()))
		subject, gap := "m 1", "a b"
		if f == format.CloudEventsBinary { // the SDK does not undo what the HTTP binding makes of a space
			subject, gap = "m%201", "a%20b"
			require.Empty(t, header.Get("Ce-Datacontenttype"))
		}
		require.Equal(t, subject, got.Subject())
		require.Equal(t, map[string]any{
			"carillonkey": subject, "carillonkind": e.Kind, "carillonsource": "queue", "carillonsequence": "7", "carillonepoch": "9",
			"carillonlate": "1500", "carillongap": gap,
		}, got.Extensions())
	}
}

func TestWrite_OtherFormats(t *testing.T) {
	e := event(7, "m")
	e.Body = []byte("{ \"detail\": {\"a\": 1} }")
	header, body := posted(t, format.EventBridge, e)
	require.Equal(t, "application/json", header.Get("Content-Type"))
	var envelope struct {
		ID, Time string
		Detail   json.RawMessage
	}
	require.NoError(t, json.Unmarshal(body, &envelope))
	require.Equal(t, e.ID.String(), envelope.ID)
	require.Equal(t, "2025-10-09T08:53:20.123Z", envelope.Time)
	require.JSONEq(t, `{"a":1}`, string(envelope.Detail))

	_, body = posted(t, format.JSON, e)
	require.Equal(t, string(format.AppendEvent(nil, e)), string(body))
}

func TestWrite_RejectsWhatAFormatCannotHold(t *testing.T) {
	r := newReceiver(t)
	s := open(t, r.URL, time.Minute, func(c *webhook.Config) { c.Format = format.EventBridge })
	defer closeSink(t, s)
	err := s.Write(t.Context(), []pipeline.Event{event(1, "m")})
	requireSafe(t, err, "writing the event as eventbridge: the body has no detail", pipeline.ClassReject)
	require.Empty(t, r.accepted())
}

func TestWrite_KeepsWhatTheReceiverSaidForTheDeadLetter(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, "<p>no such field</p>\r\n<p>"+r.Header.Get("X-Token")+"</p>\n")
	}))
	defer server.Close()
	s := open(t, server.URL, time.Minute)
	defer closeSink(t, s)
	err := s.Write(t.Context(), []pipeline.Event{event(1, "m")})
	requireSafe(t, err, "answered 422", pipeline.ClassReject)
	require.NotContains(t, err.Error(), "no such field")
	require.Equal(t, "<p>no such field</p> <p><redacted></p>", pipeline.Excerpt(err))
}
