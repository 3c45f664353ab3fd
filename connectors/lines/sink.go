package lines

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// maxBatch is how many events one call to the operating system carries: some 200 KB of usual notifications.
const maxBatch = 256

var errClosed = errors.New("the sink is closed")

// Options say where the lines go.
type Options struct {
	// Component is the type of the sink, and begins its metrics and errors. Name says in errors which one it is.
	Component, Name string
	// Open opens the destination for appending and reports whether its last line lacks its newline. It may block.
	Open func() (h Handle, torn bool, err error)
	// Check sees whether Open would succeed, without it; see pipeline.Checker.
	Check func(ctx context.Context) (string, error)
	// Format is what a line holds.
	Format format.Format
	// Sync says when what was written has to be on the disk, Interval the longest while of SyncInterval.
	Sync     Sync
	Interval time.Duration
	// Tend is how often the sink looks, while nothing is written, whether a sync or a Turn is due. 0: never.
	Tend time.Duration
	// Fatal reports whether err means that nothing will ever be written again. nil: no error does.
	Fatal func(err error) bool
}

// Formats returns what Options.Format may be.
func Formats() []format.Format {
	return []format.Format{format.JSON, format.Raw, format.EventBridge, format.CloudEvents}
}

// Sink lets one Write at a time reach the output. It implements pipeline.Sink, Batcher and Starter. The gate is a channel and
// not a mutex because waiting for it must end with a context, and because the goroutine that writes gives it back, which may be
// after its Write has returned.
type Sink struct {
	options Options
	set     pipeline.Settings
	metrics *metrics
	gate    chan struct{} // holds a token while the sink is free; its owner owns out and batch
	out     *output
	batch   batch
	closed  atomic.Bool
	stop    context.CancelFunc // of tend; nil: there is none
	wg      sync.WaitGroup
}

// New returns a sink. It does no I/O.
func New(o Options, set pipeline.Settings) *Sink {
	s := &Sink{options: o, set: set, metrics: newMetrics(set.Registerer, o.Component), gate: make(chan struct{}, 1)}
	s.gate <- struct{}{}
	s.out = &output{open: o.Open, sync: o.Sync, interval: o.Interval, logger: set.Logger, metrics: s.metrics}
	return s
}

// MaxBatch implements pipeline.Batcher.
func (s *Sink) MaxBatch() int { return maxBatch }

// Check implements pipeline.Checker.
func (s *Sink) Check(ctx context.Context) (string, error) { return s.options.Check(ctx) }

// Start implements pipeline.Starter: it opens the file, so that a wrong path stops the router from starting.
func (s *Sink) Start(ctx context.Context) error {
	if err := s.do(ctx, func() error { return s.out.ready(ctx, s.set.Clock(), 0) }); err != nil {
		return err
	}
	if s.options.Tend > 0 {
		tend, stop := context.WithCancel(context.WithoutCancel(ctx))
		s.stop = stop
		s.wg.Go(func() { s.tend(tend) })
	}
	return nil
}

// tend looks after the file until ctx ends. An error says that lines may be lost which were accepted within the interval: that
// is what SyncInterval means, and somebody should know.
func (s *Sink) tend(ctx context.Context) {
	tick := time.NewTicker(s.options.Tend)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := s.do(ctx, func() error { return s.out.tend(ctx, s.set.Clock()) })
		if err != nil && !s.closed.Load() {
			s.set.Logger.WarnContext(ctx, "looking after the file failed", failure(err))
		}
	}
}

// Write implements pipeline.Sink.
func (s *Sink) Write(ctx context.Context, events []pipeline.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := s.acquire(ctx); err != nil {
		return s.wrap(err)
	}
	s.batch.fill(s.options.Format, events) // here and not in run: the events are the caller's again when Write has returned
	return s.run(ctx, func() error { return s.append(ctx) })
}

// Close implements pipeline.Sink. When ctx ends first, the file is closed as soon as the write in flight lets it. A second
// call does nothing.
func (s *Sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.stop != nil {
		s.stop()
		s.wg.Wait()
	}
	done := make(chan error, 1)
	go func() {
		<-s.gate
		done <- s.wrap(s.out.close())
		s.gate <- struct{}{}
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return s.wrap(fmt.Errorf("waiting for the write in flight: %w", ctx.Err()))
	}
}

// do waits for its turn and calls f.
func (s *Sink) do(ctx context.Context, f func() error) error {
	if err := s.acquire(ctx); err != nil {
		return s.wrap(err)
	}
	return s.run(ctx, func() error { return s.wrap(f()) })
}

// acquire waits for the gate. Whoever gets nil must call run, which opens it again.
func (s *Sink) acquire(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.gate:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.closed.Load() {
		s.gate <- struct{}{}
		return pipeline.Fatal(errClosed)
	}
	return nil
}

// run calls f, which may hang in the operating system, and returns when f has or when ctx ends. The gate stays shut until f
// has returned.
func (s *Sink) run(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() { s.gate <- struct{}{} }()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return s.wrap(ctx.Err())
	}
}

// append writes the batch. The lines that are not accepted are always the last ones, so no event is accepted after the
// failure of an earlier one of its meeting (I5).
func (s *Sink) append(ctx context.Context) error {
	start, lines, all := s.set.Clock(), 0, len(s.batch.ends)
	var err error
	if all > 0 {
		lines, err = s.out.write(ctx, start, &s.batch)
	}
	s.metrics.seconds.Observe(s.set.Clock().Sub(start).Seconds())
	s.metrics.events.Add(float64(lines))
	s.metrics.bytes.Add(float64(s.batch.size(lines)))
	outcome := outcomePartial
	switch {
	case lines == all && len(s.batch.refused) == 0:
		outcome = outcomeWritten
	case lines == 0:
		outcome = outcomeFailed
	}
	s.metrics.writes.WithLabelValues(outcome).Inc()
	return s.answer(lines, s.wrap(err))
}

// answer returns what Write says when only the first lines are accepted, because of err.
func (s *Sink) answer(lines int, err error) error {
	if len(s.batch.refused) == 0 && (err == nil || lines == 0) {
		return err
	}
	failed := make([]pipeline.IndexError, 0, len(s.batch.at)-lines+len(s.batch.refused))
	for _, at := range s.batch.at[lines:] {
		failed = append(failed, pipeline.IndexError{Index: at, Err: err})
	}
	for _, r := range s.batch.refused {
		failed = append(failed, pipeline.IndexError{Index: r.Index, Err: s.wrap(r.Err)})
	}
	slices.SortFunc(failed, func(a, b pipeline.IndexError) int { return cmp.Compare(a.Index, b.Index) })
	return &pipeline.BatchError{Failed: failed}
}

// wrap names the sink in err and gives err its class.
func (s *Sink) wrap(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s sink %q: %w", s.options.Component, s.options.Name, err)
	if s.options.Fatal != nil && s.options.Fatal(err) {
		return pipeline.Fatal(err)
	}
	return err
}
