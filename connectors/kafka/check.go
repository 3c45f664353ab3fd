package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Check implements pipeline.Checker: it asks the brokers for the topic, without making one.
func (s *sink) Check(ctx context.Context) (string, error) {
	dial, err := s.dial()
	if err != nil {
		return "", err
	}
	opts, err := s.options(dial)
	if err != nil {
		return "", err
	}
	client, err := kgo.NewClient(append(opts, kgo.RequestRetries(0))...)
	if err != nil {
		return "", fmt.Errorf("preparing the Kafka client: %w", err)
	}
	defer client.Close()
	request := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &s.topic
	request.Topics = append(request.Topics, topic)
	answer, err := request.RequestWith(ctx, client)
	if err != nil {
		if last := s.dials.reason(); last != nil {
			err = last
		}
		return "", s.unreached(ctx, err)
	}
	for _, t := range answer.Topics {
		switch err := kerr.ErrorForCode(t.ErrorCode); {
		case errors.Is(err, kerr.UnknownTopicOrPartition):
			return "", fmt.Errorf("topic %q does not exist: make it, or correct topic", s.topic)
		case errors.Is(err, kerr.TopicAuthorizationFailed):
			return "", fmt.Errorf("topic %q: the user may not describe it: allow Describe and Write on it", s.topic)
		case err != nil:
			_, err = explain(ctx, err, s.timeout)
			return "", fmt.Errorf("topic %q: %w", s.topic, err)
		case len(t.Partitions) > 0:
			return fmt.Sprintf("topic %s, %d partitions, %d brokers", s.topic, len(t.Partitions), len(answer.Brokers)), nil
		}
	}
	return "", fmt.Errorf("topic %q: the broker says nothing of it", s.topic)
}

// unreached says why no broker answered.
func (s *sink) unreached(ctx context.Context, err error) error {
	const advice = "check brokers, secure and sasl"
	if ctx.Err() != nil {
		return fmt.Errorf("asking %s: %w", strings.Join(s.config.Brokers, ", "), ctx.Err())
	}
	if code, ok := errors.AsType[*kerr.Error](err); ok {
		return fmt.Errorf("asking %s: answered %s (%s)", strings.Join(s.config.Brokers, ", "), code.Message, advice)
	}
	return fmt.Errorf("asking %s failed%s (%s)", strings.Join(s.config.Brokers, ", "), because(err), advice)
}
