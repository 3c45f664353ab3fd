package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Check implements pipeline.Checker: it runs the statements for no events, and takes that back. It makes no table.
func (s *sink) Check(ctx context.Context) (string, error) {
	if err := s.open(ctx); err != nil {
		return "", err
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return "", advised(fmt.Errorf("reaching PostgreSQL: %w (check url)", s.explain(ctx, err)))
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // whatever came of it
	events, err := s.lookAt(ctx, tx, s.config.Table, func() error {
		_, err := tx.Exec(ctx, s.sql.insert, (&rows{}).args()...)
		return err
	})
	if err != nil || s.config.Attendance == "" {
		return events, advised(err)
	}
	sessions, err := s.lookAt(ctx, tx, s.config.Attendance, func() error {
		_, err := tx.Exec(ctx, s.sql.sessions, nil, nil, nil, nil, nil, nil)
		return err
	})
	return events + ", " + sessions, advised(err)
}

// lookAt sees whether a table is there and the statements fit it, or whether it can be made.
func (s *sink) lookAt(ctx context.Context, tx pgx.Tx, table string, try func() error) (string, error) {
	var there, may bool
	schema, _, named := strings.Cut(table, ".")
	if !named {
		schema = ""
	}
	err := tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL,
		coalesce(has_schema_privilege(coalesce(nullif($2, ''), current_schema()), 'CREATE'), false)`, identifier(table), schema).Scan(&there, &may)
	switch {
	case err != nil:
		return "", s.unfit(ctx, table, err)
	case there:
		if err := try(); err != nil {
			return "", s.unfit(ctx, table, err)
		}
		return "table " + table, nil
	case !s.config.Create:
		return "", fmt.Errorf("table %s: %w: make it, or set create", table, errNoTable)
	case !may:
		return "", fmt.Errorf("table %s is not there and the user may not make it: GRANT CREATE ON SCHEMA, or make it", table)
	}
	return "table " + table + " comes with the start", nil
}

// advised adds to an answer of the server what mends it.
func advised(err error) error {
	said, ok := errors.AsType[*answerError](err)
	if !ok {
		return err
	}
	advice := ""
	switch {
	case strings.HasPrefix(said.code, "28"):
		advice = "check user and password in url"
	case strings.HasPrefix(said.code, "3D"):
		advice = "there is no such database: make it, or correct url"
	case strings.HasPrefix(said.code, "3F"):
		advice = "there is no such schema: make it, or correct the name of the table"
	case said.code == "42501":
		advice = "GRANT SELECT, INSERT on the tables, for attendance UPDATE too"
	case strings.HasPrefix(said.code, "42"):
		advice = "the table has other columns: give the sink one of its own"
	case said.code == "25006":
		advice = "the server is read-only: connect to the primary"
	default:
		return err
	}
	return fmt.Errorf("%w (%s)", err, advice)
}
