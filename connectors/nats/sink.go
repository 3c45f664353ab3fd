package nats

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"carillon/connectors/format"
	"carillon/connectors/lockstep"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

const (
	// maxBatch is how many messages are on their way together in one Write: some 200 KB of usual notifications.
	maxBatch = 256
	// everything is the weight that is free only when no Write runs.
	everything = math.MaxInt64
)

// Factory declares the sink.
func Factory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("nats", DefaultConfig, newSink)
}

// answer is what came of one message.
type answer struct {
	err       error
	duplicate bool
}

// sink is safe for concurrent use.
type sink struct {
	id      string
	servers string
	creds   string
	tls     tlsfiles.Config
	mode    Mode
	stream  string
	subject subject
	format  format.Format
	timeout time.Duration
	clock   func() time.Time
	logger  *slog.Logger
	metrics *metrics

	conn    *nats.Conn // nil: not started
	js      jetstream.JetStream
	publish func(context.Context, []*nats.Msg) []answer

	writes *semaphore.Weighted // every Write holds 1 of it; Close takes everything
	closed atomic.Bool
	gone   chan struct{} // closed when no answer will come any more
	leave  func()        // closes gone
}

func newSink(cfg Config, set pipeline.Settings) (pipeline.Sink, error) {
	servers, err := parseServers(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("building nats sink %q: url: %w", set.ID, err)
	}
	subject, err := parseSubject(cfg.Subject)
	if err != nil {
		return nil, fmt.Errorf("building nats sink %q: subject: %w", set.ID, err)
	}
	gone := make(chan struct{})
	return &sink{
		id: set.ID, servers: strings.Join(servers, ","), creds: cfg.Creds, tls: cfg.TLS, mode: cfg.Mode, stream: cfg.Stream, subject: subject,
		format: cfg.Format, timeout: cfg.Timeout, clock: set.Clock, logger: set.Logger, metrics: newMetrics(set.Registerer),
		writes: semaphore.NewWeighted(everything), gone: gone, leave: sync.OnceFunc(func() { close(gone) }),
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
	if s.conn == nil {
		return pipeline.Fatal(errNotStarted)
	}
	s.await(ctx)
	return lockstep.Write(events, func(round []int) []error { return s.send(ctx, events, round) })
}

// send publishes the events of a round, which are of different meetings, and returns the answer to each.
func (s *sink) send(ctx context.Context, events []pipeline.Event, round []int) []error {
	errs := make([]error, len(round))
	messages := make([]*nats.Msg, len(round))
	for i, at := range round {
		if errs[i] = ctx.Err(); errs[i] == nil {
			messages[i], errs[i] = s.newMessage(&events[at])
		}
	}
	start := s.clock()
	answers := s.publish(ctx, messages)
	s.metrics.seconds.Observe(s.clock().Sub(start).Seconds())
	for i := range round {
		result := accepted
		switch {
		case errs[i] != nil && ctx.Err() != nil:
			result = canceled
		case errs[i] != nil:
			result = rejected
		case answers[i].err != nil:
			result, errs[i] = explain(ctx, answers[i].err, s.timeout)
		case answers[i].duplicate:
			result = duplicate
		}
		s.metrics.messages.WithLabelValues(string(result)).Inc()
		if errs[i] != nil {
			errs[i] = fmt.Errorf("publishing to NATS: %w", errs[i])
		}
	}
	return errs
}

// Close implements pipeline.Sink: it waits for the Writes in flight and closes the connection. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	err := s.writes.Acquire(ctx, everything)
	s.leave()
	if s.conn != nil {
		s.conn.Close()
	}
	if err != nil {
		return fmt.Errorf("waiting for answers of NATS: %w", err)
	}
	return nil
}
