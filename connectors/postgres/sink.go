package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// everything is the weight that is free only when no Write runs.
const everything = math.MaxInt64

var (
	errClosed     = errors.New("the sink is closed")
	errNotStarted = errors.New("the sink was not started")
)

// Factory declares the sink.
func Factory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("postgres", DefaultConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	config  Config
	sql     statements
	clock   func() time.Time
	metrics *metrics
	pool    *pgxpool.Pool       // nil before Start
	life    context.Context     //nolint:containedctx // it ends when Close waits no longer, and with it what Writes wait for
	end     context.CancelFunc  // ends life
	checked atomic.Bool         // whether the tables are known to fit
	writes  *semaphore.Weighted // every Write holds 1 of it; Close takes everything
	closed  atomic.Bool
}

func newSink(cfg Config, set pipeline.Settings) (pipeline.Sink, error) {
	life, end := context.WithCancel(context.Background())
	return &sink{
		config: cfg, sql: newStatements(identifier(cfg.Table), identifier(cfg.Attendance)), clock: set.Clock,
		metrics: newMetrics(set.Registerer), life: life, end: end, writes: semaphore.NewWeighted(everything),
	}, nil
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return s.config.Batch }

// Start implements pipeline.Starter. A configuration that does not fit the database stops the router from starting. A
// database that is away does not: the events wait for it.
func (s *sink) Start(ctx context.Context) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	err := s.check(ctx)
	if said, ok := errors.AsType[*answerError](err); ok && misplaced(said.code) || errors.Is(err, errNoTable) {
		return err
	}
	return ctx.Err()
}

// open makes the pool, which connects when it is used.
func (s *sink) open(ctx context.Context) error {
	cfg, err := pgxpool.ParseConfig(s.config.URL.Reveal())
	if err != nil {
		return fmt.Errorf("url: %w", withoutURL(err))
	}
	cfg.MaxConns = int32(s.config.Connections) //nolint:gosec // at most 100
	cfg.ConnConfig.ConnectTimeout = s.config.Timeout
	if _, named := cfg.ConnConfig.RuntimeParams["application_name"]; !named {
		cfg.ConnConfig.RuntimeParams["application_name"] = "carillon"
	}
	s.pool, err = pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("url: %w", withoutURL(err))
	}
	return nil
}

// withoutURL returns the cause of an error of parsing, which quotes the URL itself.
func withoutURL(err error) error {
	if parsing, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		if cause := parsing.Unwrap(); cause != nil {
			return cause
		}
	}
	return errors.New("not what a client of PostgreSQL understands")
}

// check sees once that the tables fit. Callers that run at the same time may all do it, which does no harm.
func (s *sink) check(ctx context.Context) error {
	if s.checked.Load() {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	var found error
	err := pgx.BeginFunc(bounded, s.pool, func(tx pgx.Tx) error {
		found = s.prepare(bounded, tx)
		return found
	})
	switch {
	case found != nil:
		return found
	case err != nil:
		return fmt.Errorf("looking at the tables: %w", s.explain(ctx, err))
	}
	s.checked.Store(true)
	return nil
}

// Write implements pipeline.Sink. All events are stored in one transaction, unless one of them is refused.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if !s.writes.TryAcquire(1) {
		return pipeline.Fatal(errClosed)
	}
	defer s.writes.Release(1)
	if s.pool == nil {
		return pipeline.Fatal(errNotStarted)
	}
	if len(events) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)() //nolint:contextcheck // it ends as soon as either does
	if err := s.check(ctx); err != nil {
		return err
	}
	w := &writing{events: events, errs: make([]error, len(events)), stuck: map[string]bool{}}
	part, bodies := s.encode(w)
	w.store = func(ctx context.Context, part []int) error { return s.store(ctx, rowsOf(events, bodies, part)) }
	w.apply(ctx, part)
	s.count(w.errs)
	return w.result()
}

// encode returns the events in their format, by index, and which of them are to be stored. It fails those that cannot be put
// into the format, and what follows them in their meetings.
func (s *sink) encode(w *writing) (part []int, bodies [][]byte) {
	bodies = make([][]byte, len(w.events))
	ended := map[string]bool{}
	for i := range w.events {
		e := &w.events[i]
		if ended[e.Key] {
			w.errs[i] = errNotSent
			continue
		}
		if bodies[i], w.errs[i] = format.AppendLine(nil, s.config.Format, e); w.errs[i] != nil {
			ended[e.Key] = true
			continue
		}
		part = append(part, i)
	}
	return part, bodies
}

func (s *sink) count(errs []error) {
	for _, err := range errs {
		if class, _ := pipeline.Classify(err); class == pipeline.ClassReject {
			s.metrics.events.WithLabelValues(outcomeRejected).Inc()
		}
	}
}

// store is one transaction.
func (s *sink) store(ctx context.Context, r *rows) error {
	start := s.clock()
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	var stored int64
	var err error
	if who := r.touched(); s.config.Attendance != "" && len(who) > 0 {
		stored, err = s.storeWithAttendance(bounded, r, who)
	} else {
		var tag pgconn.CommandTag
		tag, err = s.pool.Exec(bounded, s.sql.insert, r.args()...) // a statement is a transaction
		stored = tag.RowsAffected()
	}
	if err != nil {
		err = fmt.Errorf("inserting into %s: %w", s.config.Table, s.explain(ctx, err))
	} else {
		s.metrics.events.WithLabelValues(outcomeStored).Add(float64(stored))
		s.metrics.events.WithLabelValues(outcomeRepeated).Add(float64(len(r.ids) - int(stored)))
	}
	s.metrics.seconds.Observe(s.clock().Sub(start).Seconds())
	s.metrics.ended(err)
	return err
}

func (s *sink) explain(ctx context.Context, err error) error {
	return explain(ctx, err, s.config.Timeout)
}

// Close implements pipeline.Sink: it waits for the Writes in flight and closes the connections. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	var waited error
	if !s.writes.TryAcquire(everything) { // whether ctx has ended or not
		waited = s.writes.Acquire(ctx, everything)
	}
	s.end() // what is still in flight does not get its connection back
	if s.pool == nil {
		return nil
	}
	done := make(chan struct{})
	go func() { // a server that does not answer is told that we go, which can take long
		defer close(done)
		s.pool.Close()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		waited = ctx.Err()
	}
	if waited != nil {
		return fmt.Errorf("waiting for transactions on %s: %w", s.config.Table, waited)
	}
	return nil
}
