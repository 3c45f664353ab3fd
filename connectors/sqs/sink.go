package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

var (
	errNoAnswer   = errors.New("the answer does not tell about this entry")
	errNotStarted = errors.New("the sink was not started")
)

// SinkFactory declares the sink.
func SinkFactory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("sqs", DefaultSinkConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	config   SinkConfig
	http     *http.Client
	gate     *entries.Gate
	metrics  *entries.Metrics
	clock    func() time.Time
	api      *awssqs.Client // nil before Start
	identity *identity
	url      atomic.Pointer[string] // nil: not known yet
}

func newSink(cfg SinkConfig, set pipeline.Settings) (pipeline.Sink, error) {
	s := &sink{
		config: cfg, http: entries.NewHTTP(), gate: entries.NewGate(), metrics: entries.NewMetrics(set.Registerer, "sqs"), clock: set.Clock,
	}
	if cfg.QueueURL != "" {
		s.url.Store(&cfg.QueueURL)
	}
	return s, nil
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return maxBatch }

// Start implements pipeline.Starter: it reads the environment of the AWS SDK.
func (s *sink) Start(ctx context.Context) error {
	at := s.config.place()
	where := addressOf(at)
	cfg, who, err := newIdentity(ctx, at, where.region, s.http)
	switch {
	case err != nil:
		return err
	case cfg.Region == "":
		return errors.New("finding the region: set region, or AWS_REGION in the environment")
	}
	if where.endpoint != "" {
		cfg.BaseEndpoint = &where.endpoint
	}
	// Retries are left to the caller, and so are checksums: a message that is stored must not be sent again for a checksum.
	s.api, s.identity = newClient(cfg, s.http), who
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
	if len(events) == 0 {
		return nil
	}
	url, err := s.queue(ctx)
	if err != nil {
		return err
	}
	batch := make([]types.SendMessageBatchRequestEntry, len(events))
	sizes, broken := make([]int, len(events)), make([]error, len(events))
	for i := range events {
		batch[i], sizes[i], broken[i] = newEntry(s.config.Format, &events[i], isFIFO(url))
	}
	return entries.Send(ctx, events, sizes, broken, sendLimit(), func(ctx context.Context, part []int) ([]error, error) {
		return s.send(ctx, url, batch, part)
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
		return "", fmt.Errorf("finding queue %q: %w", s.config.Queue, entries.Explain(ctx, err, s.config.Timeout, nobody))
	}
	s.url.Store(&url)
	return url, nil
}

// nobody is refused by the answer to a question that is about no event.
func nobody(string) bool { return false }

// send is one call.
func (s *sink) send(ctx context.Context, url string, batch []types.SendMessageBatchRequestEntry, part []int) ([]error, error) {
	in := &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: make([]types.SendMessageBatchRequestEntry, len(part))}
	for n, i := range part {
		in.Entries[n] = batch[i]
		in.Entries[n].Id = aws.String(strconv.Itoa(n))
	}
	bounded, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	start := s.clock()
	out, err := s.api.SendMessageBatch(bounded, in)
	var answers []error
	if err == nil {
		answers = answersOf(len(part), out.Successful, out.Failed)
	}
	s.metrics.Called(s.clock().Sub(start), answers, err)
	if err != nil {
		s.renew(err)
		return nil, fmt.Errorf("sending to SQS: %w", entries.Explain(ctx, err, s.config.Timeout, refused))
	}
	return answers, nil
}

// renew drops credentials that were refused.
func (s *sink) renew(err error) {
	if reasonOf(err) == denied {
		s.identity.renew()
	}
}

// Close implements pipeline.Sink: it waits for the calls in flight and closes the connections. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	first, err := s.gate.Close(ctx)
	if first {
		s.http.CloseIdleConnections()
	}
	return err
}
