package postgres

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"

	"carillon/pipeline"
)

// rows are events as the columns of the table, in the order of the statement that inserts them.
type rows struct {
	ids, keys, kinds  []string
	attendees, roles  []pgtype.Text
	times             []pgtype.Timestamptz
	sources           []string
	received          []pgtype.Timestamptz
	sequences, epochs []int64
	lates             []pgtype.Int8
	gaps              []pgtype.Text
	bodies            []string
	attends           []bool // whether it says that an attendee came or went
}

// add puts e behind the others; body is what stands in the column event.
func (r *rows) add(e *pipeline.Event, body []byte) {
	r.ids = append(r.ids, e.ID.String())
	r.keys = append(r.keys, clean(e.Key))
	r.kinds = append(r.kinds, clean(e.Kind))
	r.attendees = append(r.attendees, optional(e.Attendee))
	r.roles = append(r.roles, optional(string(e.Role)))
	r.times = append(r.times, timestamp(e.Time))
	r.sources = append(r.sources, clean(e.Source))
	r.received = append(r.received, timestamp(e.Received))
	r.sequences = append(r.sequences, int64(e.Sequence)) //nolint:gosec // a stream has no 2^63 messages
	r.epochs = append(r.epochs, int64(e.Epoch))          //nolint:gosec // nor that many owners
	r.lates = append(r.lates, pgtype.Int8{Int64: e.Late.Milliseconds(), Valid: e.IsLate})
	r.gaps = append(r.gaps, optional(e.Gap))
	r.bodies = append(r.bodies, string(body))
	r.attends = append(r.attends, attends(e))
}

// args are the parameters of the statement.
func (r *rows) args() []any {
	return []any{
		r.ids, r.keys, r.kinds, r.attendees, r.roles, r.times, r.sources, r.received, r.sequences, r.epochs, r.lates, r.gaps, r.bodies,
	}
}

// rowsOf returns the columns of bodies, which are the events in their format, by index.
func rowsOf(events []pipeline.Event, bodies [][]byte, part []int) *rows {
	r := &rows{}
	for _, i := range part {
		r.add(&events[i], bodies[i])
	}
	return r
}

// attends reports whether e counts for an attendance. A content share of which clients see a second attendee is not one.
func attends(e *pipeline.Event) bool {
	if e.Attendee == "" || e.Role == pipeline.RoleContent {
		return false
	}
	return e.Kind == kindJoined || e.Kind == kindLeft || e.Kind == kindDropped
}

// clean returns s with U+FFFD for what no text of PostgreSQL may have. No key or kind that was read has any of it.
func clean(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// optional returns nothing for an empty text.
func optional(s string) pgtype.Text { return pgtype.Text{String: clean(s), Valid: s != ""} }

// timestamp returns nothing for a time that is not known, or beyond what a calendar with four digits has.
func timestamp(t time.Time) pgtype.Timestamptz {
	y := t.UTC().Year()
	return pgtype.Timestamptz{Time: t, Valid: !t.IsZero() && y >= 1 && y <= 9999}
}
