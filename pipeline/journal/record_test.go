package journal

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// printable draws what chime allows in a kind or an attendee.
func printable() *rapid.Generator[string] { return rapid.StringMatching(`[ -~]{0,40}`) }

// TestEventSurvivesItsHeaders writes any event and expects to read the same one.
func TestEventSurvivesItsHeaders(t *testing.T) {
	j := &Journal{names: names{prefix: "chime"}, stream: StreamConfig{Partitions: 4}}
	millis := rapid.Int64Range(0, 4102444800000)
	rapid.Check(t, func(t *rapid.T) {
		e := pipeline.Event{
			Key:  rapid.StringMatching(`[a-z0-9-]{1,64}`).Draw(t, "key"),
			Kind: printable().Draw(t, "kind"), Attendee: printable().Draw(t, "attendee"),
			Source: rapid.StringMatching(`[a-z]{1,10}`).Draw(t, "source"),
			Time:   time.UnixMilli(millis.Draw(t, "time")).UTC(), Received: time.UnixMilli(millis.Draw(t, "received")).UTC(),
			Raw: rapid.Uint64().Draw(t, "raw"), Loose: rapid.Uint64().Draw(t, "loose"), First: rapid.Bool().Draw(t, "first"), Gap: printable().Draw(t, "gap"),
			IsLate: rapid.Bool().Draw(t, "late"), Sequence: rapid.Uint64().Draw(t, "sequence"), Body: []byte("{}"),
		}
		if e.IsLate {
			e.Late = time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "by")) * time.Millisecond
		}
		copy(e.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		m := j.EventMessage(3, &e)
		got, err := (&Message{Sequence: e.Sequence, Header: m.Header, Body: m.Data}).Event()
		if err != nil {
			t.Fatal(err)
		}
		require.Equal(t, e, got)
		require.Equal(t, "chime.events.3."+e.Key, m.Subject)
	})
}

func TestRawMessageIsReadAsAnEvent(t *testing.T) {
	j := &Journal{names: names{prefix: "chime"}, stream: StreamConfig{Partitions: 4}}
	n := Notification{
		Record: chime.Record{ID: identity(7), Loose: 8, Key: "m", Kind: "chime:MeetingEnded", Attendee: "a", Time: 1700000000123},
		Source: "queue", Received: time.UnixMilli(1700000001000), Trace: "id\r\nX: y", Body: []byte("{}"),
	}
	m := j.RawMessage(n)
	require.Equal(t, j.names.rawSubject(chime.Partition("m", 4)), m.Subject)
	require.Contains(t, m.Header.Get(HeaderRecord), "\tid??X: y\t")
	e, err := (&Message{Sequence: 9, Header: m.Header, Body: m.Data}).Event()
	require.NoError(t, err)
	require.Equal(t, pipeline.Event{
		ID: n.ID, Loose: 8, Key: "m", Kind: n.Kind, Attendee: "a", Time: time.UnixMilli(n.Time).UTC(), Source: "queue",
		Received: n.Received.UTC(), Raw: 9, Body: n.Body,
	}, e)
}

// TestRecordSurvivesItsHeader writes any notification as a server would give it back, without white space around the value.
func TestRecordSurvivesItsHeader(t *testing.T) {
	j := &Journal{names: names{prefix: "chime"}, stream: StreamConfig{Partitions: 4}}
	millis := rapid.Int64Range(-1, 4102444800000)
	rapid.Check(t, func(t *rapid.T) {
		n := Notification{
			Record: chime.Record{
				Loose: rapid.Uint64().Draw(t, "loose"), Key: rapid.StringMatching(`[a-z0-9-]{1,64}`).Draw(t, "key"),
				Kind: printable().Draw(t, "kind"), Attendee: printable().Draw(t, "attendee"), Time: millis.Draw(t, "time"),
			},
			Source: rapid.StringMatching(`[a-z]{1,10}`).Draw(t, "source"), Received: time.UnixMilli(millis.Draw(t, "received")).UTC(),
			Trace: rapid.String().Draw(t, "trace"), Body: []byte("{}"),
		}
		copy(n.ID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		m := j.RawMessage(n)
		m.Header[HeaderRecord][0] = strings.TrimSpace(m.Header[HeaderRecord][0])
		got, err := (&Message{Sequence: 9, Header: m.Header, Body: m.Data}).Event()
		if err != nil {
			t.Fatal(err)
		}
		require.Equal(t, pipeline.Event{
			ID: n.ID, Loose: n.Loose, Key: n.Key, Kind: n.Kind, Attendee: n.Attendee, Time: time.UnixMilli(n.Time).UTC(), Source: n.Source,
			Received: n.Received, Raw: 9, Body: n.Body,
		}, got)
	})
}

func TestWhatIsNoRecordIsAnError(t *testing.T) {
	id := identity(1).String()
	for _, fields := range []string{"x", id, id + "\tx\t1\t1\t\t\t\ts\tk", id + "\t1\tx\t1\t\t\t\ts\tk", id + "\t1\t1\tx\t\t\t\ts\tk", id + "\t1\t1\t1\t\t\t\ts"} {
		_, err := (&Message{Sequence: 5, Header: nats.Header{HeaderRecord: {fields}}}).Event()
		require.ErrorContains(t, err, "reading message 5", fields)
	}
}

func TestWhatIsNoEventIsAnError(t *testing.T) {
	good := func() nats.Header { return eventHeader(event(0, 1, 0)) }
	for name, spoil := range map[string]func(nats.Header){
		"no identity":  func(h nats.Header) { delete(h, HeaderID) },
		"bad identity": func(h nats.Header) { h[HeaderID] = []string{"x"} },
		"no time":      func(h nats.Header) { delete(h, HeaderTime) },
		"no key":       func(h nats.Header) { delete(h, HeaderKey) },
	} {
		h := good()
		spoil(h)
		_, err := (&Message{Sequence: 5, Header: h}).Event()
		require.ErrorContains(t, err, "reading message 5", name)
	}
	_, err := (&Message{Header: good()}).Event()
	require.NoError(t, err)
}
