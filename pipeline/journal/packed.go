package journal

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// separator stands between the fields of HeaderRecord. All of them are printable ASCII, which it is not.
const separator = '\t'

// packRecord writes the fields of HeaderRecord: identity, time, received, loose identity, kind, attendee, trace, source and key.
// The first and the last one are never empty, because a header loses white space at its ends.
func packRecord(n *Notification) string {
	b := make([]byte, 0, 256)
	b = n.ID.Append(b)
	b = strconv.AppendInt(append(b, separator), n.Time, 10)
	b = strconv.AppendInt(append(b, separator), n.Received.UnixMilli(), 10)
	b = strconv.AppendUint(append(b, separator), n.Loose, 16)
	for _, s := range [...]string{n.Kind, n.Attendee, clean(n.Trace), n.Source, n.Key} {
		b = append(append(b, separator), s...)
	}
	return string(b)
}

// record reads m, a message of RAW with these fields. A notification is read as the event that it may become.
func (m *Message) record(fields string) (pipeline.Event, error) {
	e := pipeline.Event{Body: m.Body, Raw: m.Sequence}
	next := func() string {
		var field string
		field, fields, _ = strings.Cut(fields, string(separator))
		return field
	}
	var err error
	if e.ID, err = chime.ParseIdentity(next()); err != nil {
		return e, fmt.Errorf("reading message %d: %w", m.Sequence, err)
	}
	at, errTime := strconv.ParseInt(next(), 10, 64)
	received, errReceived := strconv.ParseInt(next(), 10, 64)
	loose, errLoose := strconv.ParseUint(next(), 16, 64)
	e.Kind, e.Attendee, _, e.Source, e.Key = next(), next(), next(), next(), next()
	if errTime != nil || errReceived != nil || errLoose != nil || e.Key == "" {
		return e, fmt.Errorf("reading message %d: its header is not that of a record", m.Sequence)
	}
	e.Time, e.Received, e.Loose = time.UnixMilli(at).UTC(), time.UnixMilli(received).UTC(), loose
	return e, nil
}
