package kafka

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
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
	return pipeline.SinkFactory{
		Type: "kafka",
		Config: func() pipeline.Config {
			cfg := DefaultConfig()
			return &cfg
		},
		New: func(c pipeline.Config, set pipeline.Settings) (pipeline.Sink, error) {
			cfg, ok := c.(*Config)
			if !ok {
				return nil, fmt.Errorf("building kafka sink %q: got a %T for its configuration", set.ID, c)
			}
			return newSink(cfg, set), nil
		},
	}
}

// sink is safe for concurrent use.
type sink struct {
	config  Config
	topic   string
	format  format.Format
	timeout time.Duration
	clock   func() time.Time
	metrics *metrics

	client  *kgo.Client // nil: not started
	dials   dials
	flights flights
	rounds  *semaphore.Weighted // every round holds 1 of it; an event that is sent alone takes everything

	writes *semaphore.Weighted // every Write holds 1 of it; Close takes everything
	closed atomic.Bool
	gone   chan struct{} // closed when no answer will come any more
	leave  func()        // closes gone
}

func newSink(cfg *Config, set pipeline.Settings) *sink {
	gone := make(chan struct{})
	return &sink{
		config: *cfg, topic: cfg.Topic, format: cfg.Format, timeout: cfg.Timeout, clock: set.Clock, metrics: newMetrics(set.Registerer),
		rounds: semaphore.NewWeighted(everything), writes: semaphore.NewWeighted(everything),
		gone: gone, leave: sync.OnceFunc(func() { close(gone) }),
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
	if s.client == nil {
		return pipeline.Fatal(errNotStarted)
	}
	return lockstep.Write(events, func(round []int) []error { return s.send(ctx, events, round) })
}

// send produces the events of a round, which are of different meetings, and returns the answer to each.
func (s *sink) send(ctx context.Context, events []pipeline.Event, round []int) []error {
	errs := s.produce(ctx, events, round, 1)
	for i, at := range round {
		if final(errs[i]) {
			s.metrics.alone.Inc()
			errs[i] = s.produceAlone(ctx, events, at)
		}
		result := accepted
		if class, _ := pipeline.Classify(errs[i]); class == pipeline.ClassReject {
			result = rejected // already explained: it does not go into the format
		} else if errs[i] != nil {
			result, errs[i] = explain(ctx, errs[i], s.timeout)
		}
		s.metrics.records.WithLabelValues(string(result)).Inc()
		if errs[i] != nil {
			errs[i] = fmt.Errorf("producing to Kafka: %w", errs[i])
		}
	}
	return errs
}

// produceAlone produces one event while nothing else is on its way, so that the answer is about nothing else.
func (s *sink) produceAlone(ctx context.Context, events []pipeline.Event, at int) error {
	errs := s.produce(ctx, events, []int{at}, everything)
	return errs[0]
}

// produce hands the events over and waits for the answers. weight is how much of rounds it holds meanwhile.
func (s *sink) produce(ctx context.Context, events []pipeline.Event, round []int, weight int64) []error {
	errs := make([]error, len(round))
	if err := s.rounds.Acquire(ctx, weight); err != nil {
		return fill(errs, err)
	}
	defer s.rounds.Release(weight)
	if weight == everything && s.flights.len() > 0 {
		return fill(errs, errNotAlone) // left by attempts that found no answer
	}
	start := s.clock()
	under := make([]*flight, len(round))
	for i, at := range round {
		record, err := s.newRecord(&events[at])
		if err != nil {
			errs[i] = err
			continue
		}
		under[i] = s.flights.launch(ctx, s.client, events[at].ID, record)
	}
	s.await(ctx, under, errs)
	s.metrics.seconds.Observe(s.clock().Sub(start).Seconds())
	return errs
}

// await waits for the answers, all of them together no longer than the timeout.
func (s *sink) await(ctx context.Context, under []*flight, errs []error) {
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for i, f := range under {
		if f == nil {
			continue
		}
		select {
		case <-f.done:
			errs[i] = f.err
			continue
		default:
		}
		select {
		case <-f.done:
			errs[i] = f.err
		case <-bounded.Done():
			errs[i] = noAnswerError{s.dials.reason()}
		case <-s.gone:
			errs[i] = errClosed
		}
	}
}

func fill(errs []error, err error) []error {
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// Close implements pipeline.Sink: it waits for the Writes in flight and closes the connections. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	err := s.writes.Acquire(ctx, everything)
	s.leave()
	if s.client != nil {
		s.client.Close()
	}
	if err != nil {
		return fmt.Errorf("waiting for answers of Kafka: %w", err)
	}
	return nil
}
