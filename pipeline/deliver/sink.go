package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/filter"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

// Settings is the code's part of the delivery to one sink.
type Settings struct {
	pipeline.Settings
	Journal *journal.Journal
	Config  Config
}

// Sink delivers to one sink from all partitions that this process owns. It is safe for concurrent use.
type Sink struct {
	set     Settings
	sink    pipeline.Sink
	batch   int
	judge   func(*pipeline.Event) filter.Verdict
	start   journal.Start
	gate    *gate
	metrics *metrics
	jobs    chan job
	wg      sync.WaitGroup
	cancel  context.CancelFunc
	deaf    func() // ends the listening for resumption; nil before Start
	failed  chan struct{}
	once    sync.Once
	fatal   error
}

// job is one Write.
type job struct {
	items []Item
	probe bool
	done  chan<- result
}

type result struct {
	items []Item
	probe bool
	errs  []error
	cut   bool // by Abort, or it may have been: failures say nothing about the sink
}

// NewSink returns the delivery to sink. Backoff, patience and lag follow the clock of set, time.Now when it has none. An error means
// that Validate would refuse the configuration.
func NewSink(sink pipeline.Sink, set Settings) (*Sink, error) {
	if set.Clock == nil {
		set.Clock = time.Now
	}
	start, err := set.Config.Start.place()
	if err != nil {
		return nil, fmt.Errorf("start: %w", err)
	}
	wanted, err := filter.New(filter.Rules{Kinds: set.Config.Kinds, Exclude: set.Config.Exclude, Where: set.Config.Where})
	if err != nil {
		return nil, fmt.Errorf("where: %w", err)
	}
	m := newMetrics(set.Registerer)
	s := &Sink{
		set: set, sink: sink, batch: 1, judge: wanted.Judge, start: start, metrics: m,
		gate: newGate(newBreaker(set.Config.Retry, set.Config.Guard, rand.Float64), m, set.Logger),
		jobs: make(chan job), failed: make(chan struct{}),
	}
	if b, ok := sink.(pipeline.Batcher); ok {
		s.batch = max(1, b.MaxBatch())
	}
	return s, nil
}

// Start makes the sink's consumers and its workers. The context bounds only the start.
func (s *Sink) Start(ctx context.Context) error {
	if st, ok := s.sink.(pipeline.Starter); ok {
		if err := st.Start(ctx); err != nil {
			return fmt.Errorf("starting sink %q: %w", s.set.ID, err)
		}
	}
	if err := s.set.Journal.EnsureSink(ctx, s.set.ID, s.start); err != nil {
		return fmt.Errorf("starting sink %q: %w", s.set.ID, err)
	}
	stop, err := s.set.Journal.OnResume(s.set.ID, func() { s.gate.resume(s.set.Clock()) })
	if err != nil {
		return fmt.Errorf("starting sink %q: %w", s.set.ID, err)
	}
	s.deaf = stop
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	for range s.set.Config.MaxInFlight {
		s.wg.Go(func() { s.work(work) })
	}
	s.metrics.backlog.Begin(s.set.Journal.Partitions())
	clock := s.set.Clock
	s.wg.Go(func() { s.watchBacklog(work, clock) })
	return nil
}

// Abort cuts short what is with the sink: what it did not accept by then counts as failed and stays in the journal. Every Run
// that was told to stop returns soon after. It does nothing before Start.
func (s *Sink) Abort() {
	if s.cancel != nil {
		s.cancel()
	}
}

// Stop ends the workers and closes the sink. Every Run must have returned before.
func (s *Sink) Stop(ctx context.Context) error {
	s.Abort()
	s.wg.Wait()
	if s.deaf != nil {
		s.deaf()
	}
	if err := s.sink.Close(ctx); err != nil {
		return fmt.Errorf("closing sink %q: %w", s.set.ID, err)
	}
	return nil
}

// Failed is closed when the sink cannot go on; Err then says why.
func (s *Sink) Failed() <-chan struct{} { return s.failed }

// Err returns why the sink failed, nil while it works.
func (s *Sink) Err() error {
	select {
	case <-s.failed:
		return s.fatal
	default:
		return nil
	}
}

func (s *Sink) fail(err error) {
	s.once.Do(func() {
		s.fatal = err
		close(s.failed)
		s.set.Logger.Error("sink stopped: it gets nothing more until the next start; its events stay in the journal", telemetry.Err(err))
	})
}
