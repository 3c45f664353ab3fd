package postgres

import "fmt"

// statements are the SQL of one configuration.
type statements struct {
	insert   string // events; what is there stays as it is
	lock     string // meetings, until the end of the transaction
	history  string // what an attendance is made of, of some attendees
	sessions string // of attendees, where they are not there like this
}

const columns = `id, key, kind, attendee, role, time, source, received, sequence, epoch, late_ms, gap`

func newStatements(events, attendance string) statements {
	return statements{
		insert: fmt.Sprintf(`INSERT INTO %s (%s, event)
SELECT %s, event::json FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
	$8::timestamptz[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
	WITH ORDINALITY AS given (%s, event, place) ORDER BY place
ON CONFLICT (id) DO NOTHING`, events, columns, columns, columns),
		lock: `SELECT pg_advisory_xact_lock(meeting) FROM unnest($1::bigint[]) AS meeting`,
		history: fmt.Sprintf(`SELECT key, attendee, id, kind, time, sequence
FROM %s JOIN unnest($1::text[], $2::text[]) AS touched (key, attendee) USING (key, attendee)
WHERE %s AND role IS DISTINCT FROM 'content' AND time IS NOT NULL`, events, attending()),
		sessions: fmt.Sprintf(`INSERT INTO %s AS have (key, attendee, session, joined_at, left_at, dropped)
SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::timestamptz[], $5::timestamptz[], $6::boolean[])
ON CONFLICT (key, attendee, session) DO UPDATE
	SET joined_at = excluded.joined_at, left_at = excluded.left_at, dropped = excluded.dropped
	WHERE (have.joined_at, have.left_at, have.dropped) IS DISTINCT FROM (excluded.joined_at, excluded.left_at, excluded.dropped)`,
			attendance),
	}
}

// attending is written the same way in the index and in the query, or the index is of no use.
func attending() string {
	return fmt.Sprintf(`kind IN ('%s', '%s', '%s')`, kindJoined, kindLeft, kindDropped)
}

// createEvents makes the table of events.
func createEvents(table string) string {
	return fmt.Sprintf(`CREATE TABLE %s (
	id       text PRIMARY KEY,
	key      text NOT NULL,
	kind     text NOT NULL,
	attendee text,
	role     text,
	time     timestamptz,
	source   text NOT NULL,
	received timestamptz,
	sequence bigint NOT NULL,
	epoch    bigint NOT NULL,
	late_ms  bigint,
	gap      text,
	event    json NOT NULL
)`, table)
}

// createAttendance makes the table of sessions, and the index by which the events of an attendee are found.
func createAttendance(table, events string) string {
	return fmt.Sprintf(`CREATE TABLE %s (
	key       text NOT NULL,
	attendee  text NOT NULL,
	session   integer NOT NULL,
	joined_at timestamptz,
	left_at   timestamptz,
	dropped   boolean NOT NULL,
	duration  interval GENERATED ALWAYS AS (left_at - joined_at) STORED,
	PRIMARY KEY (key, attendee, session)
);
CREATE INDEX ON %s (key, attendee) WHERE %s`, table, events, attending())
}
