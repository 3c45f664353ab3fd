package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"carillon/pipeline"
)

// maxBatch is how many events one call to the operating system carries: some 200 KB of usual notifications.
const maxBatch = 256

var errClosed = errors.New("the sink is closed")

// Options is what the code, not the user, may change.
type Options struct {
	// Stdout is where the path "-" leads. It is not closed. Default: a second descriptor of the process's standard output.
	Stdout io.Writer
}

// Factory declares the sink.
func Factory() pipeline.SinkFactory { return FactoryWith(Options{}) }

// FactoryWith declares the sink with options.
func FactoryWith(options Options) pipeline.SinkFactory {
	return pipeline.SinkFactory{
		Type: "file",
		Config: func() pipeline.Config {
			cfg := DefaultConfig()
			return &cfg
		},
		New: func(c pipeline.Config, set pipeline.Settings) (pipeline.Sink, error) {
			cfg, ok := c.(*Config)
			if !ok {
				return nil, fmt.Errorf("building file sink %q: got a %T for its configuration", set.ID, c)
			}
			return newSink(*cfg, set, options), nil
		},
	}
}

// sink lets one Write at a time reach the output. The gate is a channel and not a mutex because waiting for it must end with
// a context, and because the goroutine that writes gives it back, which may be after its Write has returned.
type sink struct {
	name    string
	stdout  bool
	clock   func() time.Time
	metrics *metrics
	gate    chan struct{} // holds a token while the sink is free; its owner owns out and batch
	out     *output
	batch   batch
	closed  atomic.Bool
}

func newSink(cfg Config, set pipeline.Settings, options Options) *sink {
	s := &sink{
		name: cfg.Path, stdout: cfg.Path == stdoutPath, clock: set.Clock, metrics: newMetrics(set.Registerer),
		gate: make(chan struct{}, 1),
	}
	s.gate <- struct{}{}
	s.out = &output{fsync: cfg.Fsync, logger: set.Logger, metrics: s.metrics}
	switch {
	case !s.stdout:
		s.out.open = func() (handle, bool, error) { return openPath(cfg.Path, cfg.Fsync) }
	case options.Stdout == nil:
		s.name, s.out.open = "stdout", openStdout
	default:
		h := stream{Writer: options.Stdout, close: func() error { return nil }}
		s.name, s.out.open = "stdout", func() (handle, bool, error) { return h, false, nil }
	}
	return s
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return maxBatch }

// Start implements pipeline.Starter: it opens the file, so that a wrong path stops the router from starting.
func (s *sink) Start(ctx context.Context) error {
	if err := s.acquire(ctx); err != nil {
		return s.wrap(err)
	}
	return s.run(ctx, func() error {
		return s.wrap(s.out.ready(ctx))
	})
}

// Write implements pipeline.Sink.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := s.acquire(ctx); err != nil {
		return s.wrap(err)
	}
	s.batch.fill(events) // here and not in run: the events are the caller's again when Write has returned
	return s.run(ctx, func() error { return s.append(ctx) })
}

// Close implements pipeline.Sink. When ctx ends first, the file is closed as soon as the write in flight lets it. A second
// call does nothing.
func (s *sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
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

// acquire waits for the gate. Whoever gets nil must call run, which opens it again.
func (s *sink) acquire(ctx context.Context) error {
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
func (s *sink) run(ctx context.Context, f func() error) error {
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
func (s *sink) append(ctx context.Context) error {
	start := s.clock()
	lines, err := s.out.write(ctx, &s.batch)
	s.metrics.seconds.Observe(s.clock().Sub(start).Seconds())
	s.metrics.events.Add(float64(lines))
	s.metrics.bytes.Add(float64(s.batch.size(lines)))
	if err == nil {
		s.metrics.writes.WithLabelValues(outcomeWritten).Inc()
		return nil
	}
	if err = s.wrap(err); lines == 0 {
		s.metrics.writes.WithLabelValues(outcomeFailed).Inc()
		return err
	}
	s.metrics.writes.WithLabelValues(outcomePartial).Inc()
	failed := make([]pipeline.IndexError, 0, len(s.batch.ends)-lines)
	for i := lines; i < len(s.batch.ends); i++ {
		failed = append(failed, pipeline.IndexError{Index: i, Err: err})
	}
	return &pipeline.BatchError{Failed: failed}
}

// wrap names the sink in err and gives err its class.
func (s *sink) wrap(err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("file sink %q: %w", s.name, err)
	if s.stdout && brokenPipe(err) {
		return pipeline.Fatal(err)
	}
	return err
}

// brokenPipe reports whether nobody will ever read what is written.
func brokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}
