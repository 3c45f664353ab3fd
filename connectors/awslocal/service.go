package awslocal

import (
	"context"
	"fmt"
)

// CreateQueue makes a queue with the default attributes and returns its URL; one that exists already is left as it is.
func (s *Server) CreateQueue(name string) (string, error) {
	if _, err := s.queues.create(context.Background(), &createQueueInput{QueueName: name}); err != nil {
		return "", fmt.Errorf("creating queue %q: %w", name, err)
	}
	return s.QueueURL(name), nil
}

// CreateTopic makes a topic and returns its ARN; one that exists already is left as it is.
func (s *Server) CreateTopic(name string) (string, error) {
	if _, err := s.topics.create(map[string][]string{"Name": {name}}); err != nil {
		return "", fmt.Errorf("creating topic %q: %w", name, err)
	}
	return s.TopicARN(name), nil
}

// Send puts a body into a queue (URL, ARN or name), as the Chime service does for NotificationsConfiguration.SqsQueueArn. It
// fails when there is no such queue, when the queue is full, and for a body that SQS does not take.
func (s *Server) Send(queue, body string) error {
	if err := s.queues.deliver(queue, body, nil); err != nil {
		return fmt.Errorf("sending to queue %q: %w", queue, err)
	}
	return nil
}

// Notify publishes a message to a topic, as the Chime service does for NotificationsConfiguration.SnsTopicArn. It returns
// when the deliveries are queued, and fails when there is no such topic or too many deliveries are pending.
func (s *Server) Notify(topicARN, message string) error {
	n := notice{message: message}
	if err := n.check(); err != nil {
		return fmt.Errorf("publishing to %q: %w", topicARN, err)
	}
	if _, err := s.topics.publish(topicARN, n); err != nil {
		return fmt.Errorf("publishing to %q: %w", topicARN, err)
	}
	return nil
}

// Inject puts an event on the default bus as an AWS service does: body is a whole EventBridge envelope, whose source may
// begin with "aws.", and is handed to the targets of every matching rule as it is. It returns when the deliveries are
// queued, and fails for a body without source, detail-type and detail, and when too many deliveries are pending.
func (s *Server) Inject(body []byte) error { return s.bus.inject(body) }
