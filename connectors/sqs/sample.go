package sqs

import (
	"context"
	"strconv"
	"sync"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// depth remembers when the oldest message since the last sample was sent. SQS itself tells the age of its oldest message
// only to CloudWatch. It has no goroutine and no clock. It is safe for concurrent use.
type depth struct {
	mu    sync.Mutex
	first time.Time
}

// received notes a message that was sent at.
func (d *depth) received(at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.first = earlier(d.first, at)
}

// take returns when the oldest message since the last take was sent; zero: there was none.
func (d *depth) take() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := d.first
	d.first = time.Time{}
	return first
}

// sampler asks the queue how many messages it holds until work ends, once at the start and then every cfg.Sample.
func (s *source) sampler(work context.Context) {
	if s.cfg.Sample == 0 {
		return
	}
	ticker := time.NewTicker(s.cfg.Sample)
	defer ticker.Stop()
	for {
		s.sample(work)
		select {
		case <-ticker.C:
		case <-work.Done():
			return
		}
	}
}

// sample asks once. A failure is counted; the gauges keep what they had.
func (s *source) sample(work context.Context) {
	out, err := s.clients.settle.GetQueueAttributes(work, &awssqs.GetQueueAttributesInput{
		QueueUrl: &s.queueURL, AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages,
			types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
			types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
		},
	})
	if err != nil {
		if work.Err() == nil {
			s.metrics.sampled(reasonOf(err))
			s.settleFailed(work, err)
		}
		return
	}
	s.settles.ok()
	s.metrics.sampled(read)
	s.gauge(out.Attributes)
}

func (s *source) gauge(attributes map[string]string) {
	total := 0
	for name, state := range map[types.QueueAttributeName]string{
		types.QueueAttributeNameApproximateNumberOfMessages:           stateVisible,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible: stateInFlight,
		types.QueueAttributeNameApproximateNumberOfMessagesDelayed:    stateDelayed,
	} {
		n, err := strconv.Atoi(attributes[string(name)])
		if err != nil {
			continue
		}
		total += n
		s.metrics.queue.WithLabelValues(state).Set(float64(n))
	}
	switch first := earlier(s.depth.take(), s.hand.oldest()); {
	case !first.IsZero():
		s.metrics.oldest.Set(max(0, s.set.Clock().Sub(first)).Seconds())
	case total == 0:
		s.metrics.oldest.Set(0)
	}
}
