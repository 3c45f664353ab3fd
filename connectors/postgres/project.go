package postgres

import (
	"context"
	"hash/fnv"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// attendee names one attendee of a meeting.
type attendee struct{ key, name string }

// touched returns the attendees whose sessions the events may change, each once.
func (r *rows) touched() []attendee {
	var out []attendee
	seen := map[attendee]bool{}
	for i, key := range r.keys {
		a := attendee{key, r.attendees[i].String}
		if r.attends[i] && !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// columnsOf returns attendees as two columns.
func columnsOf(attendees []attendee) (keys, names []string) {
	for _, a := range attendees {
		keys, names = append(keys, a.key), append(names, a.name)
	}
	return keys, names
}

// locks returns the advisory locks of the meetings, in an order that is the same for everybody: then nobody waits for each
// other. Meetings that share a lock by chance only wait without need.
func locks(table string, attendees []attendee) []int64 {
	var out []int64
	for _, a := range attendees {
		h := fnv.New64a()
		_, _ = h.Write([]byte(table + "\x00" + a.key))
		out = append(out, int64(h.Sum64())) //nolint:gosec // all bits count, not the number
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// storeWithAttendance inserts r and makes the sessions of the attendees in it anew, in one transaction that sees what was
// committed before it got the locks of their meetings: a transaction of a connection that broke may still be under way.
func (s *sink) storeWithAttendance(ctx context.Context, r *rows, who []attendee) (stored int64, err error) {
	err = pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		var b pgx.Batch
		b.Queue(s.sql.lock, locks(s.config.Table, who))
		b.Queue(s.sql.insert, r.args()...)
		keys, names := columnsOf(who)
		b.Queue(s.sql.history, keys, names)
		history := map[attendee][]presence{}
		if stored, err = s.exchange(ctx, tx, &b, history); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, s.sql.sessions, sessionColumns(who, history)...)
		s.metrics.sessions.Add(float64(tag.RowsAffected()))
		return err
	})
	return stored, err
}

// exchange sends b and reads the answers: how many events were stored, and the history of attendees.
func (s *sink) exchange(ctx context.Context, tx pgx.Tx, b *pgx.Batch, history map[attendee][]presence) (stored int64, err error) {
	answers := tx.SendBatch(ctx, b)
	defer func() {
		if closing := answers.Close(); err == nil {
			err = closing
		}
	}()
	if _, err := answers.Exec(); err != nil {
		return 0, err
	}
	tag, err := answers.Exec()
	if err != nil {
		return 0, err
	}
	found, err := answers.Query()
	if err != nil {
		return 0, err
	}
	var a attendee
	var p presence
	_, err = pgx.ForEachRow(found, []any{&a.key, &a.name, &p.id, &p.kind, &p.at, &p.sequence}, func() error {
		history[a] = append(history[a], p)
		return nil
	})
	return tag.RowsAffected(), err
}

// sessionColumns returns the rows of the attendance of who.
func sessionColumns(who []attendee, history map[attendee][]presence) []any {
	var keys, names []string
	var numbers []int32
	var joined, left []pgtype.Timestamptz
	var dropped []bool
	for _, a := range who {
		for i, s := range sessionsOf(history[a]) {
			keys, names, numbers = append(keys, a.key), append(names, a.name), append(numbers, int32(i+1))
			joined, left, dropped = append(joined, timestamp(s.joined)), append(left, timestamp(s.left)), append(dropped, s.dropped)
		}
	}
	return []any{keys, names, numbers, joined, left, dropped}
}
