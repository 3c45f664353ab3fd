package eventbridge

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

// SinkFactory declares the sink.
func SinkFactory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("eventbridge", DefaultSinkConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	*entries.Sender

	config SinkConfig
	api    *awseventbridge.Client // nil before Start
}

func newSink(cfg SinkConfig, set pipeline.Settings) (pipeline.Sink, error) {
	return &sink{config: cfg, Sender: entries.NewSender(entries.Options{
		Component: "eventbridge", Doing: "putting to EventBridge", Limit: putLimit(), Timeout: cfg.Timeout, Refused: refusesEvent,
	}, set)}, nil
}

// Start implements pipeline.Starter: it reads the environment of the AWS SDK.
func (s *sink) Start(ctx context.Context) error {
	cfg, err := entries.LoadConfig(ctx, s.config.region(), s.config.AccessKeyID, s.config.SecretAccessKey)
	if err != nil {
		return err
	}
	s.api = awseventbridge.NewFromConfig(cfg, func(o *awseventbridge.Options) {
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
	return entries.Write(ctx, s.Sender, events, s.config.newEntry, s.put)
}

// put is one call.
func (s *sink) put(ctx context.Context, batch []types.PutEventsRequestEntry) ([]error, error) {
	out, err := s.api.PutEvents(ctx, &awseventbridge.PutEventsInput{Entries: batch})
	if err != nil {
		return nil, err
	}
	return answersOf(len(batch), out.Entries), nil
}
