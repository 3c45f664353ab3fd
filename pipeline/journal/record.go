package journal

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// Headers of a message. A message of EVENTS, LATE or DEAD has one for each thing that a reader may ask for. A message of RAW has
// HeaderRecord alone, which only this package reads: RAW is written and read three times as often, and one header costs server
// and client a fifth of the time that ten take.
const (
	HeaderRecord   = "Carillon-Record"
	HeaderID       = "Carillon-Id"
	HeaderLoose    = "Carillon-Loose"
	HeaderKey      = "Carillon-Key"
	HeaderKind     = "Carillon-Kind"
	HeaderAttendee = "Carillon-Attendee"
	HeaderRole     = "Carillon-Role"
	HeaderTime     = "Carillon-Time"
	HeaderSource   = "Carillon-Source"
	HeaderReceived = "Carillon-Received"
	HeaderRaw      = "Carillon-Raw"
	HeaderLate     = "Carillon-Late"
	HeaderGap      = "Carillon-Gap"
	HeaderArrived  = "Carillon-Arrived"
	HeaderFirst    = "Carillon-First"
	HeaderTrace    = "Carillon-Trace"
	HeaderReason   = "Carillon-Reason"
	HeaderPart     = "Carillon-Part"
	HeaderSink     = "Carillon-Sink"
	HeaderAttempts = "Carillon-Attempts"
	HeaderSequence = "Carillon-Sequence"
	HeaderDied     = "Carillon-Died"
	HeaderExcerpt  = "Carillon-Excerpt"
	HeaderStripped = "Carillon-Stripped"
	HeaderReplay   = "Carillon-Replay"
)

// Notification is one notification as RAW holds it.
type Notification struct {
	chime.Record
	// Source is the id of the source that brought it.
	Source string
	// Received is when it reached this router.
	Received time.Time
	// Trace is the path's own identifier of the delivery; empty when there is none.
	Trace string
	// Body is the notification without its wrapper.
	Body []byte
}

// RawMessage builds the message that stores n in the partition of its key.
func (j *Journal) RawMessage(n Notification) *nats.Msg {
	return &nats.Msg{
		Subject: j.names.rawSubject(chime.Partition(n.Key, j.stream.Partitions)),
		Header:  nats.Header{HeaderRecord: {packRecord(&n)}}, Data: n.Body,
	}
}

// EventMessage builds the message that stores e in partition p.
func (j *Journal) EventMessage(p int, e *pipeline.Event) *nats.Msg {
	return &nats.Msg{Subject: j.names.eventSubject(p, e.Key), Header: eventHeader(e), Data: e.Body}
}

func eventHeader(e *pipeline.Event) nats.Header {
	h := recordHeader(e.ID, e.Key, e.Kind, e.Attendee, e.Source)
	h[HeaderTime] = []string{formatMillis(e.Time)}
	h[HeaderReceived] = []string{formatMillis(e.Received)}
	h[HeaderRaw] = []string{strconv.FormatUint(e.Raw, 10)}
	setLoose(h, e.Loose)
	if e.Role != pipeline.RolePerson {
		h[HeaderRole] = []string{string(e.Role)}
	}
	if e.IsLate {
		h[HeaderLate] = []string{strconv.FormatInt(e.Late.Milliseconds(), 10)}
	}
	if e.First {
		h[HeaderFirst] = []string{"1"}
	}
	if !e.Arrived.IsZero() {
		h[HeaderArrived] = []string{strconv.FormatInt(e.Arrived.UnixNano(), 10)}
	}
	if e.Gap != "" {
		h[HeaderGap] = []string{e.Gap}
	}
	return h
}

func recordHeader(id chime.Identity, key, kind, attendee, source string) nats.Header {
	h := make(nats.Header, 12)
	h[HeaderID] = []string{id.String()}
	h[HeaderKey] = []string{key}
	h[HeaderKind] = []string{kind}
	h[HeaderSource] = []string{source}
	if attendee != "" {
		h[HeaderAttendee] = []string{attendee}
	}
	return h
}

// setLoose writes a loose identity, up to 16 hexadecimal digits, unless there is none.
func setLoose(h nats.Header, loose uint64) {
	if loose != 0 {
		h[HeaderLoose] = []string{strconv.FormatUint(loose, 16)}
	}
}

// Event reads m, a message of RAW or of EVENTS. The event of a RAW message has the RAW sequence in Raw and no Sequence.
func (m *Message) Event() (pipeline.Event, error) {
	if record := value(m.Header, HeaderRecord); record != "" {
		return m.record(record)
	}
	e := pipeline.Event{Body: m.Body, Sequence: m.Sequence}
	var err error
	if e.ID, err = chime.ParseIdentity(value(m.Header, HeaderID)); err != nil {
		return e, fmt.Errorf("reading message %d: %w", m.Sequence, err)
	}
	e.Key, e.Kind = value(m.Header, HeaderKey), value(m.Header, HeaderKind)
	e.Attendee, e.Source, e.Gap = value(m.Header, HeaderAttendee), value(m.Header, HeaderSource), value(m.Header, HeaderGap)
	e.First = value(m.Header, HeaderFirst) != ""
	e.Role = pipeline.Role(value(m.Header, HeaderRole))
	if arrived := value(m.Header, HeaderArrived); arrived != "" { // An error costs more than all else here.
		if ns, err := strconv.ParseInt(arrived, 10, 64); err == nil {
			e.Arrived = time.Unix(0, ns).UTC()
		}
	}
	if loose := value(m.Header, HeaderLoose); loose != "" {
		e.Loose, _ = strconv.ParseUint(loose, 16, 64)
	}
	ms, err := strconv.ParseInt(value(m.Header, HeaderTime), 10, 64)
	if err != nil || e.Key == "" {
		return e, fmt.Errorf("reading message %d: its headers are not those of an event", m.Sequence)
	}
	e.Time = time.UnixMilli(ms).UTC()
	if ms, err = strconv.ParseInt(value(m.Header, HeaderReceived), 10, 64); err == nil {
		e.Received = time.UnixMilli(ms).UTC()
	}
	if e.Raw, err = strconv.ParseUint(value(m.Header, HeaderRaw), 10, 64); err != nil {
		e.Raw, e.Sequence = m.Sequence, 0
	}
	if late := value(m.Header, HeaderLate); late != "" {
		ms, _ := strconv.ParseInt(late, 10, 64)
		e.Late, e.IsLate = time.Duration(ms)*time.Millisecond, true
	}
	return e, nil
}

// value looks a header up by its exact spelling, which is how this package writes it.
func value(h nats.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func formatMillis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// clean makes s fit for a header: anything but printable ASCII becomes "?", and at most 200 bytes stay.
func clean(s string) string {
	b := []byte(s[:min(len(s), 200)])
	for i, c := range b {
		if c < 0x20 || c > 0x7e {
			b[i] = '?'
		}
	}
	return string(b)
}
