package awslocal

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

type receiveInput struct {
	queueRef
	MaxNumberOfMessages         *int     `json:"MaxNumberOfMessages"`
	VisibilityTimeout           *int     `json:"VisibilityTimeout"`
	WaitTimeSeconds             *int     `json:"WaitTimeSeconds"`
	MessageSystemAttributeNames []string `json:"MessageSystemAttributeNames"`
	AttributeNames              []string `json:"AttributeNames"`
	MessageAttributeNames       []string `json:"MessageAttributeNames"`
}

// received is one message as a consumer gets it.
type received struct {
	MessageID         string            `json:"MessageId"`
	ReceiptHandle     string            `json:"ReceiptHandle"`
	BodyMD5           string            `json:"MD5OfBody"`
	Body              string            `json:"Body"`
	Attributes        map[string]string `json:"Attributes,omitempty"`
	AttributesMD5     string            `json:"MD5OfMessageAttributes,omitempty"`
	MessageAttributes messageAttributes `json:"MessageAttributes,omitempty"`
}

type receiveOutput struct {
	Messages []received `json:"Messages,omitempty"`
}

// receive answers as soon as a message is visible, else after the wait. It ends early, empty, when the client goes away or
// the server closes.
func (s *queues) receive(ctx context.Context, in *receiveInput) (any, error) {
	if in.MaxNumberOfMessages != nil && (*in.MaxNumberOfMessages < 1 || *in.MaxNumberOfMessages > maxReceiveBatch) {
		return nil, invalidValue("Value for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10.")
	}
	var deadline <-chan time.Time
	for {
		moved := s.clock.change()
		now := s.clock.now()
		look, err := s.take(in, now)
		if err != nil || len(look.out.Messages) > 0 || look.wait == 0 {
			return look.out, err
		}
		if deadline == nil {
			timer := time.NewTimer(look.wait)
			defer timer.Stop()
			deadline = timer.C
		}
		if !look.again(ctx, deadline, moved) {
			return receiveOutput{}, nil
		}
	}
}

// look is what one look into a queue found.
type look struct {
	out     receiveOutput
	wait    time.Duration
	next    time.Duration // until a message becomes visible by itself; maxWait or more: not worth a timer
	changed <-chan struct{}
}

// again waits until another look is worth it; false: time is up.
func (l *look) again(ctx context.Context, deadline <-chan time.Time, moved <-chan struct{}) bool {
	timer := time.NewTimer(l.next)
	defer timer.Stop()
	select {
	case <-l.changed:
	case <-moved:
	case <-timer.C:
	case <-deadline:
		return false
	case <-ctx.Done():
		return false
	}
	return true
}

// take hands out what is visible now.
func (s *queues) take(in *receiveInput, now time.Time) (look, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueURL)
	if err != nil {
		return look{}, err
	}
	visibility, err := within("VisibilityTimeout", in.VisibilityTimeout, q.settings.visibility, maxVisibility)
	if err != nil {
		return look{}, err
	}
	wait, err := within("WaitTimeSeconds", in.WaitTimeSeconds, q.settings.wait, maxWait)
	if err != nil {
		return look{}, err
	}
	l := look{wait: wait, next: maxWait, changed: q.changed}
	limit := 1
	if in.MaxNumberOfMessages != nil {
		limit = *in.MaxNumberOfMessages
	}
	for len(l.out.Messages) < limit {
		m := q.receive(now, visibility, func(m *message) { s.bury(q, m, now) })
		if m == nil {
			break
		}
		l.out.Messages = append(l.out.Messages, s.present(q.queue, m, in))
	}
	if next, ok := q.nextVisible(); ok {
		l.next = min(maxWait, max(0, next.Sub(now)))
	}
	return l, nil
}

// bury moves a message to the dead-letter queue, where it keeps its id and the time it was sent. Without such a queue it
// goes back. The caller holds mu.
func (s *queues) bury(from *heldQueue, m *message, now time.Time) {
	to, err := s.named(from.settings.redrive.target)
	if err != nil || s.room(to) != nil {
		from.put(now, m, max(time.Second, from.settings.visibility))
		return
	}
	m.receives = 0
	to.put(now, m, 0)
}

// present shows m to a consumer with the attributes it asked for.
func (s *queues) present(q *queue, m *message, in *receiveInput) received {
	r := received{
		MessageID: m.id, ReceiptHandle: q.handle(m), Body: m.body, BodyMD5: s.faults.bodyMD5(m.body, bodyMD5(m.body)),
		Attributes: systemAttributes(m, slices.Concat(in.MessageSystemAttributeNames, in.AttributeNames)),
	}
	for name, a := range m.attributes {
		if wanted(name, in.MessageAttributeNames) {
			if r.MessageAttributes == nil {
				r.MessageAttributes = messageAttributes{}
			}
			r.MessageAttributes[name] = a
		}
	}
	r.AttributesMD5 = r.MessageAttributes.md5()
	return r
}

func systemAttributes(m *message, asked []string) map[string]string {
	if len(asked) == 0 {
		return nil
	}
	all := map[string]string{
		"SenderId":                         "AIDALOCALSENDER",
		"SentTimestamp":                    strconv.FormatInt(m.sent.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.receives),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.first.UnixMilli(), 10),
	}
	if m.trace != "" {
		all["AWSTraceHeader"] = m.trace
	}
	if m.groupID != "" {
		all["MessageGroupId"] = m.groupID
		all["SequenceNumber"] = strconv.FormatUint(m.sequence, 10)
	}
	if slices.Contains(asked, "All") {
		return all
	}
	for name := range all {
		if !slices.Contains(asked, name) {
			delete(all, name)
		}
	}
	return all
}

// wanted reports whether patterns ask for a message attribute: by name, by "prefix.*", or all.
func wanted(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, isPrefix := strings.CutSuffix(p, "*")
		return p == "All" || p == name || isPrefix && strings.HasPrefix(name, prefix)
	})
}
