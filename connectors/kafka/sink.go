package kafka

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"carillon/connectors/format"
	"carillon/connectors/lockstep"
	"carillon/pipeline"
)

const (
	// maxBatch is how many records are on their way together in one Write: some 200 KB of usual notifications.
	maxBatch = 256
	// everything is the weight that is free only when nothing runs.
	everything = math.MaxInt64
)

// Factory declares the sink.
func Factory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("kafka", DefaultConfig, func(cfg Config, set pipeline.Settings) (pipeline.Sink, error) {
		return newSink(&cfg, set), nil
	})
}

// sink is safe for concurrent use.
type sink struct {
	config  Config
	topic   string
	format  format.Format
	timeout time.Duration
	clock   func() time.Time
	metrics *metrics

	producers *producers // nil: not started
	dials     dials
	flights   flights

	writes *semaphore.Weighted // every Write holds 1 of it; Close takes everything
	closed atomic.Bool
	gone   chan struct{} // closed when no answer will come any more
	leave  func()        // closes gone
}

func newSink(cfg *Config, set pipeline.Settings) *sink {
	gone := make(chan struct{})
	return &sink{
		config: *cfg, topic: cfg.Topic, format: cfg.Format, timeout: cfg.Timeout, clock: set.Clock, metrics: newMetrics(set.Registerer),
		writes: semaphore.NewWeighted(everything),
		gone:   gone, leave: sync.OnceFunc(func() { close(gone) }),
	}
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return maxBatch }

// Write implements pipeline.Sink.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if !s.writes.TryAcquire(1) {
		return pipeline.Fatal(errClosed)
	}
	defer s.writes.Release(1)
	if s.producers == nil {
		return pipeline.Fatal(errNotStarted)
	}
	p, err := s.producers.take(ctx)
	if err != nil {
		return s.unsent(ctx, err, len(events))
	}
	defer s.producers.put(p)
	w := &write{sink: s, producer: p, events: events}
	if w.together(ctx) {
		return nil
	}
	return lockstep.Write(events, func(round []int) []error { return w.send(ctx, round) })
}

// unsent is the answer when there is no producer.
func (s *sink) unsent(ctx context.Context, err error, events int) error {
	result, err := explain(ctx, err, s.timeout)
	s.metrics.ended(result, events)
	return fmt.Errorf("producing to Kafka: %w", err)
}

// Close implements pipeline.Sink: it waits for the Writes in flight and closes the connections. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	err := s.writes.Acquire(ctx, everything)
	s.leave()
	if s.producers != nil {
		s.producers.close()
	}
	if err != nil {
		return fmt.Errorf("waiting for answers of Kafka: %w", err)
	}
	return nil
}
