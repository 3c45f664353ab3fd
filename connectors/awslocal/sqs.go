package awslocal

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// queues is the SQS service. It is safe for concurrent use.
type queues struct {
	opts     Options
	endpoint string
	clock    *clock
	faults   *faultBox

	mu     sync.Mutex
	byName map[string]*heldQueue
}

// heldQueue is a queue with what only the service knows of it.
type heldQueue struct {
	*queue
	created, modified time.Time
}

func newQueues(opts Options, endpoint string, c *clock, f *faultBox) *queues {
	return &queues{opts: opts, endpoint: endpoint, clock: c, faults: f, byName: make(map[string]*heldQueue)}
}

func (s *queues) arn(name string) string {
	return "arn:" + partition(s.opts.Region) + ":sqs:" + s.opts.Region + ":" + s.opts.Account + ":" + name
}

func (s *queues) url(name string) string { return s.endpoint + "/" + s.opts.Account + "/" + name }

// named returns the queue that a URL, an ARN or a bare name means. The caller holds mu.
func (s *queues) named(ref string) (*heldQueue, error) {
	name := lastOf(lastOf(ref, "/"), ":")
	if q := s.byName[name]; q != nil {
		return q, nil
	}
	return nil, simpleQueueError("QueueDoesNotExist", "NonExistentQueue", "The specified queue does not exist.")
}

type queueRef struct {
	QueueURL string `json:"QueueUrl"`
}

type createQueueInput struct {
	QueueName  string            `json:"QueueName"`
	Attributes map[string]string `json:"Attributes"`
}

func (s *queues) create(_ context.Context, in *createQueueInput) (any, error) {
	if err := checkQueueName(in.QueueName, in.Attributes["FifoQueue"] == "true"); err != nil {
		return nil, err
	}
	settings, err := defaultQueueSettings().with(in.Attributes)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := queueRef{QueueURL: s.url(in.QueueName)}
	if q := s.byName[in.QueueName]; q != nil {
		return out, sameAttributes(q.queue, in.Attributes)
	}
	now := s.clock.now()
	s.byName[in.QueueName] = &heldQueue{
		queue: newQueue(in.QueueName, s.arn(in.QueueName), settings), created: now, modified: now,
	}
	return out, nil
}

// sameAttributes refuses to create a queue again with other attributes.
func sameAttributes(q *queue, attributes map[string]string) error {
	has := q.attributes(time.Time{}, time.Time{}, time.Time{})
	for name, value := range attributes {
		if has[name] != value {
			return &APIError{
				Status: 400, Code: "QueueNameExists", QueryCode: "QueueAlreadyExists",
				Message: "A queue already exists with the same name and a different value for attribute " + name,
			}
		}
	}
	return nil
}

func checkQueueName(name string, fifo bool) error {
	stem, isFifo := strings.CutSuffix(name, ".fifo")
	ok := len(name) <= 80 && stem != "" && !strings.ContainsFunc(stem, func(r rune) bool { return !isNameRune(r) })
	if !ok || isFifo != fifo {
		return invalidValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length" +
			", and .fifo exactly with FifoQueue.")
	}
	return nil
}

func isNameRune(r rune) bool {
	return r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

type queueNameInput struct {
	QueueName string `json:"QueueName"`
}

func (s *queues) queueURL(_ context.Context, in *queueNameInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueName)
	if err != nil {
		return nil, err
	}
	return queueRef{QueueURL: s.url(q.name)}, nil
}

func (s *queues) remove(_ context.Context, in *queueRef) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueURL)
	if err != nil {
		return nil, err
	}
	delete(s.byName, q.name)
	q.wake()
	return nothing{}, nil
}

type listQueuesInput struct {
	Prefix string `json:"QueueNamePrefix"`
}

func (s *queues) list(_ context.Context, in *listQueuesInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var urls []string
	for _, name := range slices.Sorted(maps.Keys(s.byName)) {
		if strings.HasPrefix(name, in.Prefix) {
			urls = append(urls, s.url(name))
		}
	}
	return map[string][]string{"QueueUrls": urls}, nil
}

type attributesInput struct {
	QueueURL       string   `json:"QueueUrl"`
	AttributeNames []string `json:"AttributeNames"`
}

func (s *queues) attributes(_ context.Context, in *attributesInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueURL)
	if err != nil {
		return nil, err
	}
	all := q.attributes(s.clock.now(), q.created, q.modified)
	if !slices.Contains(in.AttributeNames, "All") {
		maps.DeleteFunc(all, func(name, _ string) bool { return !slices.Contains(in.AttributeNames, name) })
	}
	return map[string]map[string]string{"Attributes": all}, nil
}

type setAttributesInput struct {
	QueueURL   string            `json:"QueueUrl"`
	Attributes map[string]string `json:"Attributes"`
}

func (s *queues) setAttributes(_ context.Context, in *setAttributesInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueURL)
	if err != nil {
		return nil, err
	}
	settings, err := q.settings.with(in.Attributes)
	if err != nil {
		return nil, err
	}
	q.settings, q.modified = settings, s.clock.now()
	return nothing{}, nil
}

func (s *queues) purge(_ context.Context, in *queueRef) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueURL)
	if err != nil {
		return nil, err
	}
	now := s.clock.now()
	if !q.purged.IsZero() && now.Sub(q.purged) < purgeInterval {
		return nil, simpleQueueError("PurgeQueueInProgress", "PurgeQueueInProgress",
			"Only one PurgeQueue operation on "+q.name+" is allowed every 60 seconds.")
	}
	q.purge(now)
	return nothing{}, nil
}

// within returns the duration that a request asks for in seconds, or fallback when it names none.
func within(parameter string, asked *int, fallback, most time.Duration) (time.Duration, error) {
	if asked == nil {
		return fallback, nil
	}
	d := time.Duration(*asked) * time.Second
	if d < 0 || d > most {
		return 0, invalidValue("Value for parameter " + parameter + " is invalid. Reason: Must be between 0 and " +
			inSeconds(most) + ".")
	}
	return d, nil
}

// room refuses one more message in a full queue. The caller holds mu.
func (s *queues) room(q *heldQueue) error {
	if len(q.byID) < s.opts.MaxMessages {
		return nil
	}
	return badRequest("OverLimit", "The queue holds as many messages as this server allows.")
}
