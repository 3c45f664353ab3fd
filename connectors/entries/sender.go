package entries

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"carillon/pipeline"
)

// Options say what a sink sends to, and how.
type Options struct {
	// Component is the type of the sink, which names its metrics.
	Component string
	// Doing begins what is said of a call that failed as a whole, such as "publishing to SNS".
	Doing string
	// Limit is what one call may have.
	Limit Limit
	// Timeout is how long one call may take.
	Timeout time.Duration
	// Refused is the table of answers: whether a code is about the event itself.
	Refused func(code string) bool
}

// Sender is what the sinks are besides the calls of their service. It lets Writes in between Open and Close. It is safe for
// concurrent use.
type Sender struct {
	*gate

	// HTTP is for the client of the service. Close closes its connections.
	HTTP    *http.Client
	options Options
	metrics *metrics
	clock   func() time.Time
}

// NewSender returns a Sender that is not open yet.
func NewSender(options Options, set pipeline.Settings) *Sender {
	return &Sender{
		gate: newGate(), HTTP: newHTTP(), options: options, metrics: newMetrics(set.Registerer, options.Component), clock: set.Clock,
	}
}

// MaxBatch implements pipeline.Batcher.
func (s *Sender) MaxBatch() int { return s.options.Limit.Entries }

// Close implements pipeline.Sink: it waits for the calls in flight and closes the connections. A second call does nothing.
func (s *Sender) Close(ctx context.Context) error {
	first, err := s.shut(ctx)
	if first {
		s.HTTP.CloseIdleConnections()
	}
	return err
}

// Write sends events as entries of type E, between Enter and Leave. entry makes one and says its size; an error of it is of class
// reject. call makes one call with entries that are its own, and returns the answer to each, or what the SDK says when it failed
// as a whole. Its context ends after the timeout.
func Write[E any](ctx context.Context, s *Sender, events []pipeline.Event,
	entry func(*pipeline.Event) (E, int, error), call func(context.Context, []E) ([]error, error),
) error {
	batch, sizes, broken := make([]E, len(events)), make([]int, len(events)), make([]error, len(events))
	for i := range events {
		batch[i], sizes[i], broken[i] = entry(&events[i])
		if broken[i] == nil {
			broken[i] = fit(sizes[i], s.options.Limit)
		}
	}
	return Send(ctx, events, sizes, broken, s.options.Limit, func(ctx context.Context, part []int) ([]error, error) {
		own := make([]E, len(part))
		for n, i := range part {
			own[n] = batch[i]
		}
		return s.call(ctx, func(ctx context.Context) ([]error, error) { return call(ctx, own) })
	})
}

// call makes a call once. It bounds it, counts it, and explains why it failed as a whole.
func (s *Sender) call(ctx context.Context, once func(context.Context) ([]error, error)) ([]error, error) {
	bounded, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	start := s.clock()
	answers, err := once(bounded)
	s.metrics.called(s.clock().Sub(start), answers, err)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.options.Doing, Explain(ctx, err, s.options.Timeout, s.options.Refused))
	}
	return answers, nil
}
