// Package postgres is a sink that keeps events in a table of PostgreSQL, each once, and if wanted a second table that says who
// was there and for how long. It is tested with PostgreSQL 15.
//
// # The table
//
// One row per event; where a name is not said here, see package format:
//
//	id        text         the identity, 32 hexadecimal digits; the primary key
//	key       text         the meeting, or whatever else the event is ordered in
//	kind      text         what happened, such as chime:AttendeeJoined
//	attendee  text         whom it is about; null for events of the meeting itself
//	role      text         service for a media pipeline, content for a content share, null for a person
//	time      timestamptz  when it happened; null when it is not known
//	source    text         the id of the source whose copy came first
//	received  timestamptz  when that copy arrived
//	sequence  bigint       the position in EVENTS: within a meeting it grows
//	epoch     bigint       the fence of the sender (I5)
//	late_ms   bigint       by how much it missed its place; null when it did not
//	gap       text         what was missing when it was released; null when nothing was
//	event     json         the event in the format of the configuration; a body that is no JSON is in an object, as event_text
//	                       or event_base64
//
// A table that is there already is used when it has these columns and a unique index on id alone. It may have others that fill
// themselves, triggers, constraints, and jsonb for event; what these refuse goes to the dead letters. The tables are made at
// the start unless create is false. The database should have the encoding UTF8: what another cannot write is refused.
//
// # Delivery
//
// Up to batch events are inserted by one transaction, which leaves alone the rows whose id is there (ON CONFLICT DO NOTHING).
// An event is accepted when its transaction has committed. If nobody knows whether it has, because the connection broke, the
// events are inserted again: so an event is there once, whatever happened, as long as its row is not deleted.
//
// # Order
//
// The events of a meeting are committed in order; sequence tells it. Meetings are written at the same time, so a reader that
// follows the table by sequence over all meetings can miss rows that commit later: let it follow each meeting.
//
// # Failure
//
//	connection, timeout, SQLSTATE of no class below    retry: the database is away, full, starting, or locked
//	28, 42, 3D, 3F: password, permission, table        retry, and no start: a mistake must not empty a day into the dead letters
//	22, 23, 44, 54, P0001, P0004                       reject: a value, a constraint, a limit, or a trigger refuses the event
//
// When a transaction is refused its halves are tried, and theirs, until it is known which event it is. Then all others are
// accepted, but for those that follow it in its meeting, which wait until it is a dead letter. A database that is away at the
// start does not stop the router. Errors name the SQLSTATE; what the server says besides may quote the event and is kept
// for the dead letter alone (pipeline.Excerpter).
//
// # Attendance
//
// With attendance there is a row for each session of each attendee: key, attendee, session (from 1, in the order of time),
// joined_at, left_at, dropped (it ended because the connection broke) and duration. It is made anew, in the transaction that
// inserts them, whenever events of the attendee say that somebody came or went, from all of these that the table has. So it
// does not depend on the order in which events come, and a late one corrects it: session numbers may move then.
//
//   - A departure (AttendeeLeft, AttendeeDropped) ends a session, which began with the first AttendeeJoined after the departure
//     before; joined_at is null when there is none. An AttendeeJoined while somebody is there is a hand-off.
//   - left_at is null while the session goes on, and for ever if no departure comes: the end of a meeting ends no session,
//     because Chime may send it while people are still talking.
//   - Content shares are no sessions; media pipelines are.
//   - An attendee whose events were there before the table was gets its rows with its next event, or by a replay. No row is
//     ever removed.
//   - Transactions for one meeting wait for each other with an advisory lock.
package postgres
