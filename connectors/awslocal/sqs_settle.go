package awslocal

import (
	"context"
	"net/http"
	"time"
)

// settleEntry names one received message, to delete it or to change its visibility.
type settleEntry struct {
	ID                string `json:"Id"`
	ReceiptHandle     string `json:"ReceiptHandle"`
	VisibilityTimeout *int   `json:"VisibilityTimeout"`
}

type settleInput struct {
	queueRef
	settleEntry
}

type settleBatchInput struct {
	queueRef
	Entries []settleEntry `json:"Entries"`
}

// settle is what to do with one received message.
type settle func(q *heldQueue, e *settleEntry, now time.Time) error

// one does f to a single message.
func (s *queues) one(f settle) func(context.Context, *settleInput) (any, error) {
	return func(_ context.Context, in *settleInput) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		q, err := s.named(in.QueueURL)
		if err != nil {
			return nil, err
		}
		return nothing{}, f(q, &in.settleEntry, s.clock.now())
	}
}

// many does f to each entry of a batch; operation is what faults are asked about.
func (s *queues) many(operation string, f settle) func(context.Context, *settleBatchInput) (any, error) {
	return func(_ context.Context, in *settleBatchInput) (any, error) {
		if err := checkBatch(idsOf(in.Entries, func(e *settleEntry) string { return e.ID })); err != nil {
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
			if fault := s.faults.entry(operation, e.ReceiptHandle); fault != nil {
				out.add(e.ID, nil, fault)
				continue
			}
			out.add(e.ID, batchOK{ID: e.ID}, f(q, e, s.clock.now()))
		}
		return out, nil
	}
}

// deleteMessage deletes by the newest handle. An older handle, or one of a message that is gone, succeeds without effect,
// as it may at AWS.
func deleteMessage(q *heldQueue, e *settleEntry, _ time.Time) error {
	m, valid := q.find(e.ReceiptHandle)
	if !valid {
		return invalidHandle()
	}
	if m != nil {
		q.remove(m)
	}
	return nil
}

// changeVisibility hides a message that is in flight for another while, counted from now and at most 12 hours after it was
// received.
func changeVisibility(q *heldQueue, e *settleEntry, now time.Time) error {
	m, valid := q.find(e.ReceiptHandle)
	if !valid {
		return invalidHandle()
	}
	if e.VisibilityTimeout == nil {
		return missing("VisibilityTimeout")
	}
	d, err := within("VisibilityTimeout", e.VisibilityTimeout, 0, maxVisibility)
	if err != nil {
		return err
	}
	switch {
	case m == nil:
		return invalidValue("Value for parameter ReceiptHandle is invalid. " +
			"Reason: Message does not exist or is not available for visibility timeout change.")
	case !m.visibleAt.After(now):
		return simpleQueueError("MessageNotInflight", "MessageNotInflight", "The message referred to is not in flight.")
	case now.Add(d).Sub(m.received) > maxVisibility:
		return invalidValue("Value for parameter VisibilityTimeout is invalid. " +
			"Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	}
	q.hide(m, now.Add(d))
	if d == 0 {
		q.wake()
	}
	return nil
}

func invalidHandle() error {
	return &APIError{
		Status: http.StatusNotFound, Code: "ReceiptHandleIsInvalid", Message: "The input receipt handle is invalid.",
	}
}
