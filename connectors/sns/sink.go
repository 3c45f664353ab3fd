package sns

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

// SinkFactory declares the sink.
func SinkFactory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("sns", DefaultSinkConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	*entries.Sender

	config SinkConfig
	api    *awssns.Client // nil before Start
}

func newSink(cfg SinkConfig, set pipeline.Settings) (pipeline.Sink, error) {
	return &sink{config: cfg, Sender: entries.NewSender(entries.Options{
		Component: "sns", Doing: "publishing to SNS", Limit: publishLimit(), Timeout: cfg.Timeout, Refused: refusesMessage,
	}, set)}, nil
}

// Start implements pipeline.Starter: it reads the environment of the AWS SDK.
func (s *sink) Start(ctx context.Context) error {
	t, err := s.config.topic()
	if err != nil {
		return fmt.Errorf("topic_arn: %w", err)
	}
	cfg, err := entries.LoadConfig(ctx, t.region, s.config.AccessKeyID, s.config.SecretAccessKey)
	if err != nil {
		return err
	}
	s.api = awssns.NewFromConfig(cfg, func(o *awssns.Options) {
		o.Retryer, o.HTTPClient = aws.NopRetryer{}, s.HTTP // retries are left to the caller
		if s.config.Endpoint != "" {
			o.BaseEndpoint = &s.config.Endpoint
		}
	})
	s.Open()
	return nil
}

// Write implements pipeline.Sink.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if err := s.Enter(); err != nil {
		return err
	}
	defer s.Leave()
	return entries.Write(ctx, s.Sender, events, s.config.newEntry, s.publish)
}

// publish is one call.
func (s *sink) publish(ctx context.Context, batch []types.PublishBatchRequestEntry) ([]error, error) {
	for i := range batch {
		batch[i].Id = aws.String(strconv.Itoa(i))
	}
	out, err := s.api.PublishBatch(ctx, &awssns.PublishBatchInput{TopicArn: &s.config.TopicArn, PublishBatchRequestEntries: batch})
	if err != nil {
		return nil, err
	}
	return answersOf(len(batch), out.Successful, out.Failed), nil
}
