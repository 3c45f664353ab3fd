package bench

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"carillon/connectors/postgres"
	"carillon/pipeline"
)

// farTable is what the bench makes in the database, and drops at the end.
const farTable = "carillon_bench"

// farInsert is the statement of the sink, without its care for the order of rows.
const farInsert = `INSERT INTO ` + farTable + ` (id, key, kind, attendee, role, time, source, received, sequence, epoch, late_ms, gap, event)
SELECT a, b, c, d, e, f, g, h, i, j, k, l, m::json FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
	$6::timestamptz[], $7::text[], $8::timestamptz[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
	AS given (a, b, c, d, e, f, g, h, i, j, k, l, m)
ON CONFLICT (id) DO NOTHING`

// postgresFar is a table in a database that the options name.
type postgresFar struct {
	url  string
	pool *pgxpool.Pool
}

func newPostgresFar(ctx context.Context, url string) (*postgresFar, error) {
	if url == "" {
		return nil, errNoServer
	}
	f := &postgresFar{url: url}
	var err error
	if f.pool, err = f.connect(ctx); err != nil {
		return nil, err
	}
	if err := f.create(ctx); err != nil {
		f.pool.Close()
		return nil, err
	}
	return f, nil
}

func (f *postgresFar) connect(ctx context.Context) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(f.url)
	if err != nil {
		return nil, fmt.Errorf("--sink-url: %w", err)
	}
	cfg.MaxConns = int32(postgres.DefaultConfig().Connections) //nolint:gosec // a small number
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	return pool, nil
}

// create lets a sink make its table, so that both sides have the same one.
func (f *postgresFar) create(ctx context.Context) error {
	if _, err := f.pool.Exec(ctx, `DROP TABLE IF EXISTS `+farTable); err != nil {
		return fmt.Errorf("reaching PostgreSQL: %w", err)
	}
	cfg := postgres.DefaultConfig()
	cfg.URL, cfg.Table = pipeline.NewSecret(f.url), farTable
	set := pipeline.Settings{ID: "far", Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now}
	s, err := postgres.Factory().New(&cfg, set)
	if err != nil {
		return fmt.Errorf("building a sink: %w", err)
	}
	if starter, ok := s.(pipeline.Starter); ok {
		err = starter.Start(ctx)
	}
	if closeErr := s.Close(context.WithoutCancel(ctx)); err == nil {
		err = closeErr
	}
	return err
}

func (f *postgresFar) name() string { return "a PostgreSQL server" }

func (f *postgresFar) renew(ctx context.Context) error {
	if _, err := f.pool.Exec(ctx, `TRUNCATE `+farTable); err != nil {
		return fmt.Errorf("emptying a table: %w", err)
	}
	return nil
}

func (f *postgresFar) keys() map[string]any { return map[string]any{"url": f.url, "table": farTable} }

func (f *postgresFar) loop(ctx context.Context, events []pipeline.Event) (bareLoop, error) {
	bodies, err := linesOf(postgres.DefaultConfig().Format, events)
	if err != nil {
		return nil, err
	}
	l := &postgresLoop{}
	for i := range events {
		l.add(&events[i], bodies[i])
	}
	if l.pool, err = f.connect(ctx); err != nil {
		return nil, err
	}
	return l, l.pool.Ping(ctx)
}

func (f *postgresFar) held(ctx context.Context) (n int, err error) {
	if err := f.pool.QueryRow(ctx, `SELECT count(*) FROM `+farTable).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting rows: %w", err)
	}
	return n, nil
}

func (f *postgresFar) close() error {
	defer f.pool.Close()
	ctx, cancel := context.WithTimeout(context.Background(), stall) // also after an interrupt
	defer cancel()
	if _, err := f.pool.Exec(ctx, `DROP TABLE IF EXISTS `+farTable); err != nil {
		return fmt.Errorf("dropping a table: %w", err)
	}
	return nil
}

// postgresLoop inserts a batch of rows, which is a transaction.
type postgresLoop struct {
	pool                      *pgxpool.Pool
	ids, keys, kinds, sources []string
	attendees, roles, gaps    []pgtype.Text
	times, received           []pgtype.Timestamptz
	sequences, epochs         []int64
	lates                     []pgtype.Int8
	bodies                    []string
}

func (l *postgresLoop) add(e *pipeline.Event, body []byte) {
	text := func(s string) pgtype.Text { return pgtype.Text{String: s, Valid: s != ""} }
	l.ids, l.keys, l.kinds = append(l.ids, e.ID.String()), append(l.keys, e.Key), append(l.kinds, e.Kind)
	l.attendees, l.roles, l.gaps = append(l.attendees, text(e.Attendee)), append(l.roles, text(string(e.Role))), append(l.gaps, text(e.Gap))
	l.times = append(l.times, pgtype.Timestamptz{Time: e.Time, Valid: true})
	l.received = append(l.received, pgtype.Timestamptz{Time: e.Received, Valid: true})
	l.sources, l.bodies = append(l.sources, e.Source), append(l.bodies, string(body))
	l.sequences, l.epochs = append(l.sequences, int64(e.Sequence)), append(l.epochs, int64(e.Epoch)) //nolint:gosec // small numbers
	l.lates = append(l.lates, pgtype.Int8{Int64: e.Late.Milliseconds(), Valid: e.IsLate})
}

func (l *postgresLoop) send(ctx context.Context, from, to int) error {
	_, err := l.pool.Exec(ctx, farInsert, l.ids[from:to], l.keys[from:to], l.kinds[from:to], l.attendees[from:to], l.roles[from:to],
		l.times[from:to], l.sources[from:to], l.received[from:to], l.sequences[from:to], l.epochs[from:to], l.lates[from:to],
		l.gaps[from:to], l.bodies[from:to])
	return err
}

func (l *postgresLoop) close() error {
	l.pool.Close()
	return nil
}
