package nats

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// publishStream sends messages to JetStream together and waits for the answer to each. A nil message has no answer.
func (s *sink) publishStream(ctx context.Context, messages []*nats.Msg) []answer {
	answers := make([]answer, len(messages))
	futures := make([]jetstream.PubAckFuture, len(messages))
	for i, m := range messages {
		if m == nil {
			continue
		}
		// The client's own retries would only hide from the breaker that the stream is away.
		futures[i], answers[i].err = s.js.PublishMsgAsync(m, jetstream.WithRetryAttempts(0))
		if answers[i].err != nil && !s.conn.IsConnected() {
			answers[i].err = nats.ErrReconnectBufExceeded // which the client may tell as a text only
		}
	}
	for i, f := range futures {
		if f == nil {
			continue
		}
		select {
		case ack := <-f.Ok():
			answers[i].duplicate = ack.Duplicate
		case err := <-f.Err():
			answers[i].err = s.withReason(err)
		case <-ctx.Done():
			answers[i].err = ctx.Err()
		case <-s.gone:
			answers[i].err = errClosed
		}
	}
	return answers
}

// withReason returns the reason why the server does not answer, if it told one: it does not say of which message.
func (s *sink) withReason(err error) error {
	if last := s.conn.LastError(); errors.Is(err, jetstream.ErrAsyncPublishTimeout) && errors.Is(last, nats.ErrPermissionViolation) {
		return last
	}
	return err
}

// publishCore sends messages together and asks the server whether it has taken them. There is one answer for all that were sent:
// a server does not say which it took before a connection broke.
func (s *sink) publishCore(ctx context.Context, messages []*nats.Msg) []answer {
	answers := make([]answer, len(messages))
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	broken := s.conn.StatusChanged(nats.RECONNECTING, nats.CLOSED)
	defer s.conn.RemoveStatusListener(broken)
	// The number of the connection tells whether it is still the one that took the messages; the client makes a new one by
	// itself, and a question that goes over the new one says nothing of them.
	connection, complaint := s.conn.Stats().Reconnects, s.conn.LastError()
	for i, m := range messages {
		if m != nil {
			answers[i].err = s.conn.PublishMsg(m)
		}
	}
	err := s.flush(ctx, broken)
	if err == nil && s.conn.Stats().Reconnects != connection {
		err = errReconnect
	}
	// A refused message has no answer but a complaint, which comes before the answer to flush. Every complaint is a new value.
	if last := s.conn.LastError(); err == nil && last != complaint && errors.Is(last, nats.ErrPermissionViolation) { //nolint:errorlint // the same value, not the same kind
		err = last
	}
	for i, m := range messages {
		if m != nil && answers[i].err == nil {
			answers[i].err = err
		}
	}
	return answers
}

// flush returns nil when the server has taken everything that was sent before.
func (s *sink) flush(ctx context.Context, broken <-chan nats.Status) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.conn.FlushWithContext(ctx) }()
	select {
	case err := <-done:
		return err
	case <-broken: // the client would wait for the next connection
		return errReconnect
	case <-s.gone:
		return errClosed
	}
}
