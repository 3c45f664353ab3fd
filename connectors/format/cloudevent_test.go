package format_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cloudevents/sdk-go/v2/binding"
	"github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// readStructured reads e in structured mode with the SDK.
func readStructured(t *rapid.T, e *pipeline.Event) event.Event {
	m, err := format.Encode(format.CloudEvents, e)
	require.NoError(t, err)
	require.Equal(t, event.ApplicationCloudEventsJSON, m.ContentType)
	require.Empty(t, m.CloudEvent)
	var ce event.Event
	require.NoError(t, json.Unmarshal(m.Body, &ce), "%s", m.Body)
	require.NoError(t, ce.Validate())
	return ce
}

// readBinary reads e in binary mode with the SDK, over the HTTP binding. Attributes are put into headers without an escape,
// because the SDK undoes none.
func readBinary(t *rapid.T, e *pipeline.Event) (event.Event, http.Header) {
	m, err := format.Encode(format.CloudEventsBinary, e)
	require.NoError(t, err)
	header := http.Header{"Content-Type": {m.ContentType}}
	for _, a := range m.CloudEvent {
		header.Set("ce-"+a.Name, a.Value)
	}
	ce, err := binding.ToEvent(t.Context(), cehttp.NewMessage(header, io.NopCloser(bytes.NewReader(m.Body))))
	require.NoError(t, err)
	require.NoError(t, ce.Validate())
	return *ce, header
}

func TestCloudEvents_TheSDKReadsBothModesAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t, rapid.OneOf(body(), envelopes()))
		structured := readStructured(t, &e)
		binary, header := readBinary(t, &e)

		require.Equal(t, e.ID.String(), structured.ID())
		require.Equal(t, "aws.chime", structured.Source())
		require.True(t, strings.HasPrefix(structured.Type(), "aws.chime."))
		if y := e.Time.UTC().Year(); y >= 0 && y <= 9999 {
			require.True(t, e.Time.Equal(structured.Time()), "%s and %s", e.Time, structured.Time())
		} else {
			require.True(t, structured.Time().IsZero())
		}
		switch {
		case structured.DataBase64:
			require.Equal(t, e.Body, structured.Data())
			require.Equal(t, "application/octet-stream", structured.DataContentType())
		case len(e.Body) == 0:
			require.Empty(t, structured.Data())
		default:
			require.Equal(t, compact(t, e.Body), string(structured.Data()))
			require.Equal(t, "application/json", structured.DataContentType())
		}

		require.Equal(t, string(e.Body), string(binary.Data()))
		binary.DataEncoded, binary.DataBase64 = structured.DataEncoded, structured.DataBase64
		binary.SetDataContentType(structured.DataContentType())
		require.Equal(t, structured.Context.AsV1(), binary.Context.AsV1())

		// What the SDK makes of it again is what was sent.
		req := &http.Request{Header: http.Header{}}
		require.NoError(t, cehttp.WriteRequest(t.Context(), binding.ToMessage(&binary), req))
		req.Header.Set("Content-Type", header.Get("Content-Type"))
		require.Equal(t, header, req.Header)
	})
}

func TestCloudEvents_Type(t *testing.T) {
	for kind, want := range map[string]string{
		"chime:AttendeeJoined": "aws.chime.AttendeeJoined", "voice-connector:STARTED": "aws.chime.voice-connector.STARTED",
		"chime:": "aws.chime.unknown", "": "aws.chime.unknown", "unknown:a:b": "aws.chime.unknown.a.b",
	} {
		e := sample()
		e.Kind = kind
		m, err := format.Encode(format.CloudEventsBinary, &e)
		require.NoError(t, err)
		require.Contains(t, m.CloudEvent, format.Attribute{Name: "type", Value: want})
		require.NotContains(t, m.CloudEvent, format.Attribute{Name: "datacontenttype", Value: m.ContentType})
	}
}
