package sqs

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

// SinkFactory declares the sink.
func SinkFactory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("sqs", DefaultSinkConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	*entries.Sender

	config   SinkConfig
	api      *awssqs.Client // nil before Start
	identity *identity
	url      atomic.Pointer[string] // nil: not known yet
}

func newSink(cfg SinkConfig, set pipeline.Settings) (pipeline.Sink, error) {
	s := &sink{config: cfg, Sender: entries.NewSender(entries.Options{
		Component: "sqs", Doing: "sending to SQS", Limit: sendLimit(), Timeout: cfg.Timeout, Refused: refused,
	}, set)}
	if cfg.QueueURL != "" {
		s.url.Store(&cfg.QueueURL)
	}
	return s, nil
}

// Start implements pipeline.Starter: it reads the environment of the AWS SDK.
func (s *sink) Start(ctx context.Context) error {
	at := s.config.place()
	where := addressOf(at)
	cfg, who, err := newIdentity(ctx, at, where.region, s.HTTP)
	if err != nil {
		return err
	}
	// Retries are left to the caller, and so are checksums: a message that is stored must not be sent again for a checksum.
	s.api, s.identity = newClient(cfg, where.endpoint, s.HTTP), who
	s.Open()
	return nil
}

// Write implements pipeline.Sink.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if err := s.Enter(); err != nil {
		return err
	}
	defer s.Leave()
	if len(events) == 0 {
		return nil
	}
	url, err := s.queue(ctx)
	if err != nil {
		return err
	}
	entry := func(e *pipeline.Event) (types.SendMessageBatchRequestEntry, int, error) {
		return newEntry(s.config.Format, e, isFIFO(url))
	}
	return entries.Write(ctx, s.Sender, events, entry, func(ctx context.Context, batch []types.SendMessageBatchRequestEntry) ([]error, error) {
		return s.send(ctx, url, batch)
	})
}

// queue returns the URL of the queue. Writes that run at the same time may all ask for it, which does no harm.
func (s *sink) queue(ctx context.Context) (string, error) {
	if url := s.url.Load(); url != nil {
		return *url, nil
	}
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	url, err := (&clients{settle: s.api}).locate(bounded, s.config.Queue)
	if err != nil {
		s.renew(err)
		return "", fmt.Errorf("finding queue %q: %w", s.config.Queue, entries.Explain(ctx, err, s.config.Timeout, entries.Nobody))
	}
	s.url.Store(&url)
	return url, nil
}

// send is one call.
func (s *sink) send(ctx context.Context, url string, batch []types.SendMessageBatchRequestEntry) ([]error, error) {
	for i := range batch {
		batch[i].Id = aws.String(strconv.Itoa(i))
	}
	out, err := s.api.SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: batch})
	if err != nil {
		s.renew(err)
		return nil, err
	}
	return answersOf(len(batch), out.Successful, out.Failed), nil
}

// renew drops credentials that were refused.
func (s *sink) renew(err error) {
	if reasonOf(err) == denied {
		s.identity.renew()
	}
}
