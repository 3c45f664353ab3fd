package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// creating is the advisory lock that lets one router at a time make tables.
const creating = 0x63_61_72_69_6c_6c_6f_6e // "carillon"

var errNoTable = errors.New("there is no such table, and create is false")

// prepare makes the tables that are missing, if it may, and sees that the statements can be run: it runs them for no events,
// because the server looks at columns, permissions and the unique index of the id even then.
func (s *sink) prepare(ctx context.Context, tx pgx.Tx) error {
	if s.config.Create {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(creating)); err != nil {
			return s.unfit(ctx, s.config.Table, err)
		}
	}
	events, attendance := identifier(s.config.Table), identifier(s.config.Attendance)
	if err := s.provide(ctx, tx, s.config.Table, createEvents(events)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, s.sql.insert, (&rows{}).args()...); err != nil {
		return s.unfit(ctx, s.config.Table, err)
	}
	if attendance == "" {
		return nil
	}
	if err := s.provide(ctx, tx, s.config.Attendance, createAttendance(attendance, events)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, s.sql.history, nil, nil); err != nil {
		return s.unfit(ctx, s.config.Table, err)
	}
	if _, err := tx.Exec(ctx, s.sql.sessions, nil, nil, nil, nil, nil, nil); err != nil {
		return s.unfit(ctx, s.config.Attendance, err)
	}
	return nil
}

// provide makes a table that is missing.
func (s *sink) provide(ctx context.Context, tx pgx.Tx, table, create string) error {
	var there bool
	if err := tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, identifier(table)).Scan(&there); err != nil {
		return s.unfit(ctx, table, err)
	}
	switch {
	case there:
		return nil
	case !s.config.Create:
		return fmt.Errorf("table %s: %w", table, errNoTable)
	}
	// Several statements at once are possible only in the simple protocol.
	if _, err := tx.Exec(ctx, create, pgx.QueryExecModeSimpleProtocol); err != nil {
		return s.unfit(ctx, table, err)
	}
	return nil
}

// unfit says what is wrong with a table.
func (s *sink) unfit(ctx context.Context, table string, err error) error {
	return fmt.Errorf("table %s: %w", table, s.explain(ctx, err))
}
