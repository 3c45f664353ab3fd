package nats

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func TestExplain_Table(t *testing.T) {
	api := func(code int) error {
		return &jetstream.APIError{Code: 400, ErrorCode: jetstream.ErrorCode(code), Description: "said"}
	}
	for _, row := range []struct {
		cause error
		want  outcome
		class pipeline.Class
		text  string
	}{
		{api(10054), rejected, pipeline.ClassReject, "JetStream answered 10054, said"}, // message size exceeds maximum allowed
		{api(10097), rejected, pipeline.ClassReject, "JetStream answered 10097, said"}, // header size exceeds maximum allowed of 64k
		{api(10167), throttled, pipeline.ClassThrottle, "JetStream answered 10167, said"},
		{api(10109), refused, pipeline.ClassFatal, "JetStream answered 10109, said"}, // sealed
		{api(10060), refused, pipeline.ClassFatal, "JetStream answered 10060, said"}, // expected stream does not match
		{api(10023), refused, pipeline.ClassRetry, "JetStream answered 10023, said"}, // insufficient resources
		{api(10047), refused, pipeline.ClassRetry, "JetStream answered 10047, said"}, // insufficient storage
		{api(10077), refused, pipeline.ClassRetry, "JetStream answered 10077, said"}, // store failed, as when the stream is full
		{api(10008), refused, pipeline.ClassRetry, "JetStream answered 10008, said"}, // temporarily unavailable
		{api(10158), refused, pipeline.ClassRetry, "JetStream answered 10158, said"}, // the first copy is in process
		{api(10039), refused, pipeline.ClassRetry, "JetStream answered 10039, said"}, // not enabled for the account
		{api(1), refused, pipeline.ClassRetry, "JetStream answered 1, said"},
		{nats.ErrMaxPayload, rejected, pipeline.ClassReject, "larger than the server takes (max_payload)"},
		{nats.ErrPermissionViolation, refused, pipeline.ClassRetry, "no permission to publish to the subject"},
		{jetstream.ErrNoStreamResponse, refused, pipeline.ClassRetry, "no stream has the subject, or JetStream is away"},
		{nats.ErrNoResponders, refused, pipeline.ClassRetry, "no stream has the subject, or JetStream is away"},
		{jetstream.ErrInvalidJSAck, refused, pipeline.ClassRetry, "what answered is no stream"},
		{jetstream.ErrAsyncPublishTimeout, timedOut, pipeline.ClassRetry, "no answer within 10s"},
		{context.DeadlineExceeded, timedOut, pipeline.ClassRetry, "no answer within 10s"},
		{nats.ErrReconnectBufExceeded, unreachable, pipeline.ClassRetry, "there is no connection"},
		{nats.ErrDisconnected, unreachable, pipeline.ClassRetry, "the connection broke while the server took the messages"},
		{nats.ErrConnectionClosed, unreachable, pipeline.ClassRetry, "the connection broke while the server took the messages"},
		{errClosed, canceled, pipeline.ClassRetry, "the sink is closed"},
		{errors.New("hidden"), unreachable, pipeline.ClassRetry, "publishing failed (*errors.errorString)"},
	} {
		got, explained := explain(t.Context(), row.cause, 10*time.Second)
		require.Equal(t, row.want, got, row.text)
		require.EqualError(t, explained, row.text)
		class, _ := pipeline.Classify(explained)
		require.Equal(t, row.class, class, row.text)
		if again, _ := explain(t.Context(), fmt.Errorf("nats: %w", row.cause), time.Second); row.text[:4] != "publ" {
			require.Equal(t, row.want, again, "a wrapped error is the same")
		}
	}
}

func TestExplain_TheCallersContextComesFirst(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := explain(ended, nats.ErrDisconnected, time.Second)
	require.Equal(t, canceled, got)
	require.Equal(t, context.Canceled, err)
}
