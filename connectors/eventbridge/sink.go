package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

var (
	errNotStarted = errors.New("the sink was not started")
	errNoAnswer   = errors.New("the answer does not tell about this entry")
)

// SinkFactory declares the sink.
func SinkFactory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("eventbridge", DefaultSinkConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	config  SinkConfig
	http    *http.Client
	gate    *entries.Gate
	metrics *entries.Metrics
	clock   func() time.Time
	api     *awseventbridge.Client // nil before Start
}

func newSink(cfg SinkConfig, set pipeline.Settings) (pipeline.Sink, error) {
	return &sink{
		config: cfg, http: entries.NewHTTP(), gate: entries.NewGate(), metrics: entries.NewMetrics(set.Registerer, "eventbridge"), clock: set.Clock,
	}, nil
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return putLimit().Entries }

// Start implements pipeline.Starter: it reads the environment of the AWS SDK.
func (s *sink) Start(ctx context.Context) error {
	var opts []func(*config.LoadOptions) error
	if region := s.config.region(); region != "" {
		opts = append(opts, config.WithRegion(region))
	}
	if !s.config.AccessKeyID.IsZero() {
		static := credentials.NewStaticCredentialsProvider(s.config.AccessKeyID.Reveal(), s.config.SecretAccessKey.Reveal(), "")
		opts = append(opts, config.WithCredentialsProvider(static))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	switch {
	case err != nil:
		return fmt.Errorf("reading the environment of the AWS SDK: %w", err)
	case cfg.Region == "":
		return errors.New("finding the region: set region, or AWS_REGION in the environment")
	}
	s.api = awseventbridge.NewFromConfig(cfg, func(o *awseventbridge.Options) {
		o.Retryer, o.HTTPClient = aws.NopRetryer{}, s.http // retries are left to the caller
		if s.config.Endpoint != "" {
			o.BaseEndpoint = &s.config.Endpoint
		}
	})
	return nil
}

// Write implements pipeline.Sink.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if s.api == nil {
		return pipeline.Fatal(errNotStarted)
	}
	batch := make([]types.PutEventsRequestEntry, len(events))
	sizes, broken := make([]int, len(events)), make([]error, len(events))
	for i := range events {
		batch[i], sizes[i], broken[i] = s.config.newEntry(&events[i])
	}
	return entries.Send(ctx, events, sizes, broken, putLimit(), func(ctx context.Context, part []int) ([]error, error) {
		return s.put(ctx, batch, part)
	})
}

// put is one call.
func (s *sink) put(ctx context.Context, batch []types.PutEventsRequestEntry, part []int) ([]error, error) {
	in := &awseventbridge.PutEventsInput{Entries: make([]types.PutEventsRequestEntry, len(part))}
	for n, i := range part {
		in.Entries[n] = batch[i]
	}
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	start := s.clock()
	out, err := s.api.PutEvents(bounded, in)
	var answers []error
	if err == nil {
		answers = answersOf(len(part), out.Entries)
	}
	s.metrics.Called(s.clock().Sub(start), answers, err)
	if err != nil {
		return nil, fmt.Errorf("putting to EventBridge: %w", entries.Explain(ctx, err, s.config.Timeout, refusesEvent))
	}
	return answers, nil
}

// Close implements pipeline.Sink: it waits for the calls in flight and closes the connections. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	first, err := s.gate.Close(ctx)
	if first {
		s.http.CloseIdleConnections()
	}
	return err
}
