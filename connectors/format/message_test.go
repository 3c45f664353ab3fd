package format_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/format"
	"carillon/pipeline"
)

func all() []format.Format {
	return []format.Format{format.JSON, format.Raw, format.EventBridge, format.CloudEvents, format.CloudEventsBinary}
}

// direct is an event as Chime writes it to a queue: without an id, and here with a name that AWS does not document.
func direct() pipeline.Event {
	e := sample()
	e.Body = []byte(`{"detail": {"eventType": "chime:AttendeeJoined", "n": 1.0e+02, "s": "a\u0041\/"}, "source": "aws.chime",
		"account": "444455556666", "detail-type": "Chime Meeting State Change", "region": "eu-central-1", "replay": [1, 2]}`)
	return e
}

// bridged is an event as EventBridge sends it, late, released without what had to come before, and sent again.
func bridged() pipeline.Event {
	e := sample()
	e.Kind, e.IsLate, e.Late, e.Gap, e.Replay = "voice-connector:STARTED", true, 1500*time.Millisecond, "chime:MeetingStarted", true
	e.Body = []byte(`{"version":"1","id":"c1f7a9de-20b4-7d35-9f1a-6e8b03d4c2a1","detail-type":"Chime VoiceConnector Streaming Status",` +
		`"source":"aws.chime","account":"444455556666","time":"2025-10-09T08:53:20Z","region":"eu-central-1","resources":["x"],"detail":{}}`)
	return e
}

// odd has in it what no event of Chime has.
func odd() pipeline.Event {
	e := sample()
	e.Key, e.Kind, e.Source, e.Gap = " k\"\\\n\u0085", "broken \xff", "", "ä %"
	e.Time, e.Body = time.Time{}, []byte("{\"detail\": \n null, \"half\": \"\\ud800\", \"detail-type\": 1}")
	return e
}

func TestEncode_Golden(t *testing.T) {
	text := sample()
	text.Body = []byte("no \"JSON\"\nat all")
	nothing := pipeline.Event{}
	var got bytes.Buffer
	for _, row := range []struct {
		name string
		pipeline.Event
	}{{"direct", direct()}, {"bridged", bridged()}, {"odd", odd()}, {"text", text}, {"nothing", nothing}} {
		for _, f := range all() {
			fmt.Fprintf(&got, "== %s %s\n", row.name, f)
			m, err := format.Encode(f, &row.Event)
			if err != nil {
				fmt.Fprintln(&got, "error:", err)
				continue
			}
			fmt.Fprintln(&got, m.ContentType)
			for _, a := range append(m.Attributes, m.CloudEvent...) {
				fmt.Fprintf(&got, "%s: %q\n", a.Name, a.Value)
			}
			fmt.Fprintf(&got, "%s\n", m.Body)
		}
	}
	golden := filepath.Join("testdata", "messages.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

// anyEvent draws events as they are and as they can only be by mistake.
func anyEvent(t *rapid.T, body *rapid.Generator[[]byte]) pipeline.Event {
	e := sample()
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`chime:[A-Za-z]+`), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	e.Key, e.Kind, e.Source, e.Gap = text.Draw(t, "key"), text.Draw(t, "kind"), text.Draw(t, "source"), text.Draw(t, "gap")
	e.Sequence, e.Epoch = rapid.Uint64().Draw(t, "sequence"), rapid.Uint64().Draw(t, "epoch")
	e.Time = time.UnixMilli(rapid.Int64Range(-1e14, 1e15).Draw(t, "time"))
	e.IsLate, e.Replay = rapid.Bool().Draw(t, "late"), rapid.Bool().Draw(t, "replay")
	e.Body = body.Draw(t, "body")
	return e
}

func compact(t require.TestingT, body []byte) string {
	var out bytes.Buffer
	require.NoError(t, json.Compact(&out, body))
	return out.String()
}

func TestEncode_RawIsTheBody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t, body())
		for _, f := range []format.Format{format.Raw, format.CloudEventsBinary} {
			m, err := format.Encode(f, &e)
			require.NoError(t, err)
			require.Equal(t, e.Body, m.Body)
		}
	})
}

// envelopes draws objects with members that EventBridge names, others, and some twice.
func envelopes() *rapid.Generator[[]byte] {
	names := rapid.SampledFrom([]string{
		"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "detail", `deta\u0069l`, "other", "",
	})
	values := rapid.SampledFrom([]string{`{}`, `{"a":[1, 2.50]}`, `"x\/y"`, `null`, `-0`, "[\n]", `"\udead"`, `"ü"`})
	return rapid.Custom(func(t *rapid.T) []byte {
		out := []byte("{")
		for i, n := 0, rapid.IntRange(0, 12).Draw(t, "members"); i < n; i++ {
			if i > 0 {
				out = append(out, " ,\n"...)
			}
			out = fmt.Appendf(out, "%q : %s", "", values.Draw(t, "value"))
			out = bytes.Replace(out, []byte(`"" :`), []byte(`"`+names.Draw(t, "name")+`":`), 1)
		}
		return append(out, '}')
	})
}

// members reads an object by hand: the last of each name, as it stands without space.
func members(t require.TestingT, object []byte) map[string]string {
	dec := jsontext.NewDecoder(bytes.NewReader(object), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	_, err := dec.ReadToken()
	require.NoError(t, err)
	out := map[string]string{}
	for dec.PeekKind() == jsontext.KindString {
		name, err := dec.ReadToken()
		require.NoError(t, err)
		key := name.String()
		value, err := dec.ReadValue()
		require.NoError(t, err)
		out[key] = compact(t, value)
	}
	return out
}

func TestEncode_EnvelopeHoldsAllThatWasReceived(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t, envelopes())
		want := members(t, e.Body)
		m, err := format.Encode(format.EventBridge, &e)
		if _, ok := want["detail"]; !ok {
			class, _ := pipeline.Classify(err)
			require.Equal(t, pipeline.ClassReject, class)
			return
		}
		require.NoError(t, err)
		require.NotContains(t, string(m.Body), "\n")
		got := members(t, m.Body)
		require.Equal(t, `"`+e.ID.String()+`"`, got["id"])
		delete(got, "id")
		delete(want, "id")
		for name, missing := range map[string]string{"version": `"0"`, "source": `"aws.chime"`, "resources": "[]", "time": got["time"]} {
			if _, ok := want[name]; !ok {
				require.NotEmpty(t, got[name])
				want[name] = missing
			}
		}
		require.Equal(t, want, got)
	})
}

func TestEncode_EnvelopeRefusesWhatIsNone(t *testing.T) {
	for _, body := range []string{"", "hidden", `["hidden"]`, `{"detail":{}`, `{"detail":{}}hidden`, `{"hidden":1}`, "{\"detail\":\"\xff\"}", `{"detail"`, `{"detail":{},`} {
		e := sample()
		e.Body = []byte(body)
		for _, encode := range []func() error{
			func() error { _, err := format.Encode(format.EventBridge, &e); return err },
			func() error {
				got, err := format.AppendLine([]byte("before"), format.EventBridge, &e)
				require.Equal(t, "before", string(got))
				return err
			},
		} {
			err := encode()
			class, _ := pipeline.Classify(err)
			require.Equal(t, pipeline.ClassReject, class, body)
			require.NotContains(t, err.Error(), "hidden")
		}
	}
}

func TestEncode_AttributesFitAnyProtocol(t *testing.T) {
	name := regexp.MustCompile(`^carillon-[a-z]+$`)
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t, body())
		m, err := format.Encode(format.Raw, &e)
		require.NoError(t, err)
		require.LessOrEqual(t, len(m.Attributes), 10, "SQS and SNS take no more")
		require.Equal(t, format.Attribute{Name: "carillon-id", Value: e.ID.String()}, m.Attributes[0])
		for _, a := range m.Attributes {
			require.Regexp(t, name, a.Name)
			require.False(t, strings.ContainsFunc(a.Value, unicode.IsControl), "%q", a.Value)
		}
	})
}

func TestHeaderValues_AreHeadersAndCanBeReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text"))
		for encoded, forbidden := range map[string]string{format.HeaderValue(text): "", format.CloudEventHeader(text): " \""} {
			for i := range len(encoded) {
				require.True(t, encoded[i] >= ' ' && encoded[i] <= '~', "%q", encoded)
			}
			require.False(t, strings.ContainsAny(encoded, forbidden), "%q", encoded)
			back, err := url.PathUnescape(encoded)
			require.NoError(t, err)
			require.Equal(t, text, back)
		}
	})
	require.Equal(t, "chime:AttendeeJoined", format.HeaderValue("chime:AttendeeJoined"))
	require.Equal(t, "a b%C3%A4%25", format.HeaderValue("a bä%"))
	require.Equal(t, "a%20b%C3%A4%25", format.CloudEventHeader("a bä%"))
}

func TestAppendLine_IsALineAndTheBodyCanBeHadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t, rapid.OneOf(body(), envelopes()))
		for _, f := range []format.Format{format.JSON, format.Raw, format.EventBridge, format.CloudEvents} {
			line, err := format.AppendLine([]byte("before"), f, &e)
			require.True(t, bytes.HasPrefix(line, []byte("before")))
			line = line[len("before"):]
			if err != nil {
				require.Equal(t, format.EventBridge, f)
				require.Empty(t, line)
				continue
			}
			require.True(t, json.Valid(line), "%s", line)
			require.NotContains(t, string(line), "\n")
			if f != format.Raw {
				continue
			}
			if json.Valid(e.Body) && utf8.Valid(e.Body) {
				require.Equal(t, compact(t, e.Body), string(line))
				continue
			}
			var read struct {
				Text   string `json:"event_text"`
				Base64 string `json:"event_base64"`
			}
			require.NoError(t, json.Unmarshal(line, &read))
			raw, err := base64.StdEncoding.DecodeString(read.Base64)
			require.NoError(t, err)
			require.Equal(t, string(e.Body), read.Text+string(raw))
		}
	})
	e := sample()
	_, err := format.AppendLine(nil, format.CloudEventsBinary, &e)
	require.ErrorContains(t, err, `"cloudevents-binary" has no lines`)
	_, err = format.Encode("xml", &e)
	require.ErrorContains(t, err, `"xml" is unknown`)
}

func TestFormat_Validate(t *testing.T) {
	require.NoError(t, format.Raw.Validate(format.JSON, format.Raw))
	require.EqualError(t, format.Format("xml").Validate(format.JSON, format.Raw, format.CloudEvents), `"xml" is not json, raw or cloudevents`)
	require.EqualError(t, format.Raw.Validate(format.JSON), `"raw" is not json`)
	require.EqualError(t, format.Format("").Validate(format.JSON, format.Raw), "required: json or raw")
}

func BenchmarkEncode(b *testing.B) {
	e := direct()
	for _, f := range all() {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := format.Encode(f, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
