package redis

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/semaphore"

	"carillon/connectors/format"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

const (
	// maxBatch is how many entries a transaction has: some 200 KB of usual notifications. Redis serves nobody else meanwhile.
	maxBatch = 256
	// everything is the weight that is free only when no Write runs.
	everything = math.MaxInt64
)

// Factory declares the sink.
func Factory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("redis", DefaultConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	url     pipeline.Secret
	tls     tlsfiles.Config
	stream  string
	maxLen  int64
	format  format.Format
	timeout time.Duration
	clock   func() time.Time
	metrics *metrics
	client  *goredis.Client     // nil: not started
	writes  *semaphore.Weighted // every Write holds 1 of it; Close takes everything
	calls   sync.WaitGroup      // of the client, which may outlast their Write
	closed  atomic.Bool
}

func newSink(cfg Config, set pipeline.Settings) (pipeline.Sink, error) {
	return &sink{
		url: cfg.URL, tls: cfg.TLS, stream: cfg.Stream, maxLen: cfg.MaxLen, format: cfg.Format, timeout: cfg.Timeout, clock: set.Clock,
		metrics: newMetrics(set.Registerer), writes: semaphore.NewWeighted(everything),
	}, nil
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return maxBatch }

// Write implements pipeline.Sink.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if !s.writes.TryAcquire(1) {
		return pipeline.Fatal(errClosed)
	}
	defer s.writes.Release(1)
	if s.client == nil {
		return pipeline.Fatal(errNotStarted)
	}
	errs := make([]error, len(events))
	entries, at := s.entries(events, errs)
	if len(entries) > 0 {
		start := s.clock()
		answers := s.append(ctx, entries)
		s.metrics.seconds.Observe(s.clock().Sub(start).Seconds())
		for i, err := range answers {
			errs[at[i]] = s.settle(ctx, err)
		}
	}
	var failed []pipeline.IndexError
	for i, err := range errs {
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: fmt.Errorf("appending to Redis: %w", err)})
		}
	}
	if len(failed) > 0 {
		return &pipeline.BatchError{Failed: failed}
	}
	return nil
}

// entries returns what to append and of which events it is. What cannot be appended has its error in errs, and so has all that
// follows it in its meeting (I5).
func (s *sink) entries(events []pipeline.Event, errs []error) (entries []*goredis.XAddArgs, at []int) {
	stuck := map[string]bool{}
	for i := range events {
		e := &events[i]
		if stuck[e.Key] {
			errs[i] = errNotSent
			s.metrics.entries.WithLabelValues(string(held)).Inc()
			continue
		}
		entry, err := s.newEntry(e)
		if err != nil {
			errs[i], stuck[e.Key] = err, true
			s.metrics.entries.WithLabelValues(string(rejected)).Inc()
			continue
		}
		entries, at = append(entries, entry), append(at, i)
	}
	return entries, at
}

func (s *sink) settle(ctx context.Context, err error) error {
	result := accepted
	if err != nil {
		result, err = explain(ctx, err, s.timeout)
	}
	s.metrics.entries.WithLabelValues(string(result)).Inc()
	return err
}

// Close implements pipeline.Sink: it waits for the Writes in flight and closes the connections. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	err := s.writes.Acquire(ctx, everything)
	if s.client != nil {
		_ = s.client.Close() // what it says of single connections is of no use to anybody
		s.calls.Wait()       // soon, because their connections are closed
	}
	if err != nil {
		return fmt.Errorf("waiting for answers of Redis: %w", err)
	}
	return nil
}
