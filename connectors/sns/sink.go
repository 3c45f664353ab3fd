package sns

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

var errNotStarted = errors.New("the sink was not started")

// SinkFactory declares the sink.
func SinkFactory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("sns", DefaultSinkConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	config  SinkConfig
	http    *http.Client
	gate    *entries.Gate
	metrics *entries.Metrics
	clock   func() time.Time
	api     *awssns.Client // nil before Start
}

func newSink(cfg SinkConfig, set pipeline.Settings) (pipeline.Sink, error) {
	return &sink{
		config: cfg, http: entries.NewHTTP(), gate: entries.NewGate(), metrics: entries.NewMetrics(set.Registerer, "sns"), clock: set.Clock,
	}, nil
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return publishLimit().Entries }

// Start implements pipeline.Starter: it reads the environment of the AWS SDK.
func (s *sink) Start(ctx context.Context) error {
	t, err := s.config.topic()
	if err != nil {
		return fmt.Errorf("topic_arn: %w", err)
	}
	opts := []func(*config.LoadOptions) error{config.WithRegion(t.region)}
	if !s.config.AccessKeyID.IsZero() {
		static := credentials.NewStaticCredentialsProvider(s.config.AccessKeyID.Reveal(), s.config.SecretAccessKey.Reveal(), "")
		opts = append(opts, config.WithCredentialsProvider(static))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return fmt.Errorf("reading the environment of the AWS SDK: %w", err)
	}
	s.api = awssns.NewFromConfig(cfg, func(o *awssns.Options) {
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
	batch := make([]types.PublishBatchRequestEntry, len(events))
	sizes, broken := make([]int, len(events)), make([]error, len(events))
	for i := range events {
		batch[i], sizes[i], broken[i] = newEntry(s.config.Format, &events[i], s.config.fifo())
	}
	return entries.Send(ctx, events, sizes, broken, publishLimit(), func(ctx context.Context, part []int) ([]error, error) {
		return s.publish(ctx, batch, part)
	})
}

// publish is one call.
func (s *sink) publish(ctx context.Context, batch []types.PublishBatchRequestEntry, part []int) ([]error, error) {
	in := &awssns.PublishBatchInput{TopicArn: &s.config.TopicArn, PublishBatchRequestEntries: make([]types.PublishBatchRequestEntry, len(part))}
	for n, i := range part {
		in.PublishBatchRequestEntries[n] = batch[i]
		in.PublishBatchRequestEntries[n].Id = aws.String(strconv.Itoa(n))
	}
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	start := s.clock()
	out, err := s.api.PublishBatch(bounded, in)
	var answers []error
	if err == nil {
		answers = answersOf(len(part), out.Successful, out.Failed)
	}
	s.metrics.Called(s.clock().Sub(start), answers, err)
	if err != nil {
		return nil, fmt.Errorf("publishing to SNS: %w", entries.Explain(ctx, err, s.config.Timeout, refusesMessage))
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
