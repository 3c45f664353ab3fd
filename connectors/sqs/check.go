package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/connectors/entries"
)

// unreached is what mends a queue that does not answer.
const unreached = "check queue_url, endpoint and region, and the way there"

// stepError is a failed step on the way to a queue.
type stepError struct {
	doing, advice string
	err           error
}

func (e *stepError) Error() string { return fmt.Sprintf("%s: %s (%s)", e.doing, e.err, e.advice) }

func (e *stepError) Unwrap() error { return e.err }

// brief puts the cause as those who are not after requests and ids want to read it.
func brief(ctx context.Context, err error) error {
	if step, ok := errors.AsType[*stepError](err); ok {
		err = entries.Explain(ctx, step.err, callTimeout, entries.Nobody)
		return fmt.Errorf("%s: %w", step.doing, entries.Advised(err, unreached, step.advice))
	}
	return err
}

// look finds the queue and reads its attributes.
func (s *source) look(ctx context.Context, opts ...func(*awssqs.Options)) (*clients, string, map[string]string, error) {
	c, err := newClients(ctx, &s.cfg)
	if err != nil {
		return nil, "", nil, fmt.Errorf("opening queue %q: %w", cmp.Or(s.cfg.QueueURL, s.cfg.Queue), err)
	}
	defer c.closeIdle()
	url := s.cfg.QueueURL
	if url == "" {
		if url, err = c.locate(ctx, s.cfg.Queue, opts...); err != nil {
			return nil, "", nil, &stepError{
				fmt.Sprintf("finding queue %q", s.cfg.Queue), "check queue and region, and that the credentials may call sqs:GetQueueUrl on it", err,
			}
		}
	}
	out, err := c.settle.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameVisibilityTimeout, types.QueueAttributeNameMessageRetentionPeriod,
			types.QueueAttributeNameApproximateNumberOfMessages,
		},
	}, opts...)
	if err != nil {
		return nil, "", nil, &stepError{
			fmt.Sprintf("reading queue %q", url), "check queue_url and region, and that the credentials may call " +
				"sqs:GetQueueAttributes, sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on it", err,
		}
	}
	return c, url, out.Attributes, nil
}

// Check implements pipeline.Checker.
func (s *source) Check(ctx context.Context) (string, error) {
	_, url, attributes, err := s.look(ctx)
	if err != nil {
		return "", brief(ctx, err)
	}
	waiting := attributes[string(types.QueueAttributeNameApproximateNumberOfMessages)]
	return fmt.Sprintf("queue %s, about %s messages wait", url, cmp.Or(waiting, "0")), nil
}

// Check implements pipeline.Checker.
func (s *sink) Check(ctx context.Context) (string, error) {
	if err := s.Start(ctx); err != nil {
		return "", err
	}
	url, err := s.queue(ctx)
	if err != nil {
		return "", entries.Advised(err, unreached, "check queue and region, and that the credentials may call sqs:GetQueueUrl on it")
	}
	_, err = s.api.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return "", fmt.Errorf("reading queue %q: %w", url, entries.Advised(entries.Explain(ctx, err, s.config.Timeout, entries.Nobody), unreached,
			"check queue_url and region, and that the credentials may call sqs:SendMessage on it and, for this check alone, sqs:GetQueueAttributes"))
	}
	return "queue " + url, nil
}
