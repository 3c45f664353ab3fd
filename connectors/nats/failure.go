package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline"
)

var (
	errClosed     = errors.New("the sink is closed")
	errNotStarted = errors.New("the sink was not started")
	errReconnect  = errors.New("the connection broke while the server took the messages")
)

// Codes of the server that decide more than "try again" (nats-server 2.15, errors.json).
const (
	codeMessageTooLarge = 10054
	codeHeaderTooLarge  = 10097
	codeStreamSealed    = 10109
	codeOtherStream     = 10060
	codeTooManyRequests = 10167
)

// explain is the table of answers: what an error of the client or the server means. ctx is the caller's, without our timeout.
func explain(ctx context.Context, err error, timeout time.Duration) (outcome, error) {
	if ctx.Err() != nil {
		return canceled, ctx.Err()
	}
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return explainAPI(api)
	}
	switch {
	case errors.Is(err, errClosed):
		return canceled, errClosed
	case errors.Is(err, nats.ErrMaxPayload):
		return rejected, pipeline.Reject(errors.New("larger than the server takes (max_payload)"))
	case errors.Is(err, nats.ErrPermissionViolation):
		return refused, errors.New("no permission to publish to the subject")
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return refused, errors.New("no stream has the subject, or JetStream is away")
	case errors.Is(err, jetstream.ErrAsyncPublishTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return timedOut, fmt.Errorf("no answer within %s", timeout)
	case errors.Is(err, nats.ErrReconnectBufExceeded):
		return unreachable, errors.New("there is no connection")
	case errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, errReconnect):
		return unreachable, errReconnect
	case errors.Is(err, jetstream.ErrInvalidJSAck):
		return refused, errors.New("what answered is no stream")
	}
	// What the client reports otherwise comes from the network or is unknown; the type tells it without quoting anybody.
	return unreachable, fmt.Errorf("publishing failed (%T)", err)
}

// explainAPI reads an answer of JetStream. Its descriptions are fixed texts that quote no message.
func explainAPI(api *jetstream.APIError) (outcome, error) {
	err := fmt.Errorf("JetStream answered %d, %s", api.ErrorCode, api.Description)
	switch int(api.ErrorCode) {
	case codeMessageTooLarge, codeHeaderTooLarge:
		return rejected, pipeline.Reject(err)
	case codeStreamSealed, codeOtherStream:
		return refused, pipeline.Fatal(err)
	case codeTooManyRequests:
		return throttled, pipeline.Throttle(err, 0)
	}
	return refused, err
}
