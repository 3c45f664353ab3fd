package awslocal

import (
	"context"
	"sync/atomic"
)

// Faults makes the server misbehave. Every field may be nil. The functions are called concurrently.
type Faults struct {
	// Call is asked before every operation, named as in IAM policies (sqs:ReceiveMessage, sns:Publish,
	// events:PutEvents). A non-nil error is the answer: an *APIError as it is, any other as InternalFailure with status
	// 500. It may block, which delays the operation; ctx ends when the client goes away or the server closes.
	Call func(ctx context.Context, operation string) error
	// Entry is asked for every entry of a batch: value is the receipt handle or the body for SQS, the message for
	// sns:PublishBatch, the detail for events:PutEvents. A non-nil error fails that entry alone. It must not block.
	Entry func(operation, value string) *APIError
	// BodyMD5 returns the checksum that ReceiveMessage claims for a body; empty means the right one.
	BodyMD5 func(body string) string
}

// faultBox holds the faults in force.
type faultBox struct{ current atomic.Pointer[Faults] }

// SetFaults replaces the faults in force; the zero value ends all of them. It is safe for concurrent use.
func (s *Server) SetFaults(f Faults) { s.faults.current.Store(&f) }

func (b *faultBox) call(ctx context.Context, operation string) error {
	f := b.current.Load()
	if f == nil || f.Call == nil {
		return nil
	}
	return f.Call(ctx, operation)
}

func (b *faultBox) entry(operation, value string) *APIError {
	f := b.current.Load()
	if f == nil || f.Entry == nil {
		return nil
	}
	return f.Entry(operation, value)
}

func (b *faultBox) bodyMD5(body, right string) string {
	f := b.current.Load()
	if f == nil || f.BodyMD5 == nil {
		return right
	}
	if claimed := f.BodyMD5(body); claimed != "" {
		return claimed
	}
	return right
}
