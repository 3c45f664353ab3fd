package format_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/format"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sample() pipeline.Event {
	return pipeline.Event{
		ID: chime.Identity{0x0a, 0xff, 15: 0x01}, Key: "3f0c9a52", Kind: "chime:AttendeeJoined", Attendee: "b7d4e1c0",
		Time: time.UnixMilli(1760000000123), Source: "queue", Received: time.UnixMilli(1760000000900).Add(999 * time.Microsecond),
		Raw: 7, Sequence: 123, Epoch: 4,
		Body: []byte("{ \"detail\" : {\r\n\t\"n\": 1.0e+02, \"n\": 91343852330000000000000000000000001, \"s\": \"a\\u0041\\/ \\ud800\" } }"),
	}
}

func TestAppendEvent_Golden(t *testing.T) {
	late := sample()
	late.IsLate, late.Gap = true, "chime:MeetingStarted"
	later := sample()
	later.IsLate, later.Late, later.Attendee = true, 1500*time.Millisecond, ""
	text := sample()
	text.Body = []byte("no \"JSON\"\nat all")
	binary := sample()
	binary.Body = []byte{'{', 0xff, '}'}
	unknown := sample()
	unknown.Time, unknown.Received = time.Time{}, time.UnixMilli(1760000000123000)
	odd := sample()
	odd.Key, odd.Kind, odd.Body = "k\"\\\n", "broken \xff", nil

	var got []byte
	for _, e := range []pipeline.Event{sample(), late, later, text, binary, unknown, odd} {
		got = append(format.AppendEvent(got, e), '\n')
	}
	golden := filepath.Join("testdata", "events.ndjson")
	if *update {
		require.NoError(t, os.WriteFile(golden, got, 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got))
}

func TestAppendEvent_KeepsEveryBodyOnOneLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := sample()
		e.Body = body().Draw(t, "body")
		e.Key = rapid.String().Draw(t, "key")
		e.Gap = string(rapid.SliceOf(rapid.Byte()).Draw(t, "gap"))
		prefix := []byte("already there")

		line := format.AppendEvent(bytes.Clone(prefix), e)
		require.True(t, bytes.HasPrefix(line, prefix))
		line = line[len(prefix):]
		require.NotContains(t, string(line), "\n")
		var read struct {
			Key    string          `json:"key"`
			Event  json.RawMessage `json:"event"`
			Text   *string         `json:"event_text"`
			Base64 *string         `json:"event_base64"`
		}
		require.NoError(t, json.Unmarshal(line, &read), "%s", line)
		require.Equal(t, e.Key, read.Key)
		switch {
		case read.Base64 != nil:
			raw, err := base64.StdEncoding.DecodeString(*read.Base64)
			require.NoError(t, err)
			require.Equal(t, e.Body, raw)
		case read.Text != nil:
			require.Equal(t, string(e.Body), *read.Text)
		default:
			var compact bytes.Buffer
			require.NoError(t, json.Compact(&compact, e.Body))
			require.Equal(t, compact.String(), string(read.Event))
		}
	})
}

// body draws JSON documents, such documents with a byte changed, and any bytes.
func body() *rapid.Generator[[]byte] {
	documents := rapid.SampledFrom([]string{
		`{}`, ` [1, 2.50, -0, 1E400]`, `"\u2028"`, "\"\u2028\"", `{"a":{"b":[null,true ,"x\ty"]}}`, `{"a":1,"a":2}`, `"\udead"`, ``, ` `, `1 2`,
		"\"a\nb\"", "\ufeff{}",
	})
	return rapid.Custom(func(t *rapid.T) []byte {
		if rapid.Bool().Draw(t, "any bytes") {
			return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		}
		doc := []byte(documents.Draw(t, "document"))
		if len(doc) > 0 && rapid.Bool().Draw(t, "change one") {
			doc[rapid.IntRange(0, len(doc)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
		}
		return doc
	})
}

func TestAppendEvent_ReusesItsBuffers(t *testing.T) {
	e := sample()
	buf := make([]byte, 0, 4096)
	allocs := testing.AllocsPerRun(1000, func() { buf = format.AppendEvent(buf[:0], e) })
	require.LessOrEqual(t, allocs, 2.0, "the race detector makes pools forget: without it this is 0")
}

func BenchmarkAppendEvent(b *testing.B) {
	e := sample()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = format.AppendEvent(buf[:0], e)
	}
}
