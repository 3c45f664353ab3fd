package awslocal

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// sendEntry is one message as a producer gives it.
type sendEntry struct {
	ID               string            `json:"Id"`
	Body             string            `json:"MessageBody"`
	DelaySeconds     *int              `json:"DelaySeconds"`
	Attributes       messageAttributes `json:"MessageAttributes"`
	SystemAttributes messageAttributes `json:"MessageSystemAttributes"`
	GroupID          string            `json:"MessageGroupId"`
}

type sendInput struct {
	queueRef
	sendEntry
}

// sendOutput is the answer for one message; ID is empty outside batches.
type sendOutput struct {
	ID             string `json:"Id,omitempty"`
	MessageID      string `json:"MessageId"`
	BodyMD5        string `json:"MD5OfMessageBody"`
	AttributesMD5  string `json:"MD5OfMessageAttributes,omitempty"`
	SequenceNumber string `json:"SequenceNumber,omitempty"`
}

func (s *queues) send(_ context.Context, in *sendInput) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueURL)
	if err != nil {
		return nil, err
	}
	return s.accept(q, &in.sendEntry)
}

type sendBatchInput struct {
	queueRef
	Entries []sendEntry `json:"Entries"`
}

func (s *queues) sendBatch(_ context.Context, in *sendBatchInput) (any, error) {
	if err := checkBatch(idsOf(in.Entries, func(e *sendEntry) string { return e.ID })); err != nil {
		return nil, err
	}
	if err := checkBatchSize(in.Entries); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(in.QueueURL)
	if err != nil {
		return nil, err
	}
	var out batchResult
	for i := range in.Entries {
		e := &in.Entries[i]
		if fault := s.faults.entry("sqs:SendMessageBatch", e.Body); fault != nil {
			out.add(e.ID, nil, fault)
			continue
		}
		ok, err := s.accept(q, e)
		out.add(e.ID, ok, err)
	}
	return out, nil
}

func checkBatchSize(entries []sendEntry) error {
	total := 0
	for i := range entries {
		total += len(entries[i].Body) + entries[i].Attributes.size()
	}
	if total <= maxMessageSize {
		return nil
	}
	return simpleQueueError("BatchRequestTooLong", "BatchRequestTooLong",
		"Batch requests cannot be longer than "+strconv.Itoa(maxMessageSize)+" bytes.")
}

// accept checks and stores one message. The caller holds mu.
func (s *queues) accept(q *heldQueue, e *sendEntry) (sendOutput, error) {
	if err := checkBody(e.Body, e.Attributes, q.settings.maximumSize); err != nil {
		return sendOutput{}, err
	}
	delay, err := within("DelaySeconds", e.DelaySeconds, q.settings.delay, 15*time.Minute)
	if err != nil {
		return sendOutput{}, err
	}
	fifo := strings.HasSuffix(q.name, ".fifo")
	if fifo && e.GroupID == "" {
		return sendOutput{}, missing("MessageGroupId")
	}
	if err := s.room(q); err != nil {
		return sendOutput{}, err
	}
	m := &message{
		id: newID(), body: e.Body, attributes: e.Attributes, groupID: e.GroupID, sent: s.clock.now(),
		trace: e.SystemAttributes["AWSTraceHeader"].StringValue,
	}
	q.put(m.sent, m, delay)
	out := sendOutput{ID: e.ID, MessageID: m.id, BodyMD5: bodyMD5(m.body), AttributesMD5: m.attributes.md5()}
	if fifo {
		out.SequenceNumber = strconv.FormatUint(m.sequence, 10)
	}
	return out, nil
}

// deliver puts a body into a queue, named by URL, ARN or name, as another AWS service does.
func (s *queues) deliver(ref, body string, attributes messageAttributes) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.named(ref)
	if err != nil {
		return err
	}
	e := sendEntry{Body: body, Attributes: attributes}
	if strings.HasSuffix(q.name, ".fifo") {
		e.GroupID = "service"
	}
	_, err = s.accept(q, &e)
	return err
}
