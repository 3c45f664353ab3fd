package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/pipeline"
)

func TestExplain_Table(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for _, row := range []struct {
		cause error
		want  outcome
		class pipeline.Class
		text  string
	}{
		{kerr.MessageTooLarge, rejected, pipeline.ClassReject, "the broker answered MESSAGE_TOO_LARGE"},
		{kerr.RecordListTooLarge, rejected, pipeline.ClassReject, "the broker answered RECORD_LIST_TOO_LARGE"},
		{kerr.InvalidRecord, rejected, pipeline.ClassReject, "the broker answered INVALID_RECORD"},
		{kerr.InvalidTimestamp, rejected, pipeline.ClassReject, "the broker answered INVALID_TIMESTAMP"},
		{kerr.ThrottlingQuotaExceeded, throttled, pipeline.ClassThrottle, "the broker answered THROTTLING_QUOTA_EXCEEDED"},
		{kerr.InvalidTopicException, refused, pipeline.ClassFatal, "the broker answered INVALID_TOPIC_EXCEPTION"},
		{kerr.UnsupportedVersion, refused, pipeline.ClassFatal, "the broker answered UNSUPPORTED_VERSION"},
		{kerr.InvalidRequiredAcks, refused, pipeline.ClassFatal, "the broker answered INVALID_REQUIRED_ACKS"},
		{kerr.UnsupportedForMessageFormat, refused, pipeline.ClassFatal, "the broker answered UNSUPPORTED_FOR_MESSAGE_FORMAT"},
		{kerr.UnsupportedSaslMechanism, refused, pipeline.ClassFatal, "the broker answered UNSUPPORTED_SASL_MECHANISM"},
		{kerr.UnknownTopicOrPartition, refused, pipeline.ClassRetry, "the broker answered UNKNOWN_TOPIC_OR_PARTITION"},
		{kerr.TopicAuthorizationFailed, refused, pipeline.ClassRetry, "the broker answered TOPIC_AUTHORIZATION_FAILED"},
		{kerr.ClusterAuthorizationFailed, refused, pipeline.ClassRetry, "the broker answered CLUSTER_AUTHORIZATION_FAILED"},
		{kerr.SaslAuthenticationFailed, refused, pipeline.ClassRetry, "the broker answered SASL_AUTHENTICATION_FAILED"},
		{kerr.NotEnoughReplicas, refused, pipeline.ClassRetry, "the broker answered NOT_ENOUGH_REPLICAS"},
		{kerr.NotEnoughReplicasAfterAppend, refused, pipeline.ClassRetry, "the broker answered NOT_ENOUGH_REPLICAS_AFTER_APPEND"},
		{kerr.NotLeaderForPartition, refused, pipeline.ClassRetry, "the broker answered NOT_LEADER_FOR_PARTITION"},
		{kerr.CorruptMessage, refused, pipeline.ClassRetry, "the broker answered CORRUPT_MESSAGE"},
		{kerr.PolicyViolation, refused, pipeline.ClassRetry, "the broker answered POLICY_VIOLATION"},
		{kerr.KafkaStorageError, refused, pipeline.ClassRetry, "the broker answered KAFKA_STORAGE_ERROR"},
		{kgo.ErrMaxBuffered, unreachable, pipeline.ClassRetry, "too many records wait for an answer already"},
		{kgo.ErrClientClosed, canceled, pipeline.ClassRetry, "the sink is closed"},
		{errClosed, canceled, pipeline.ClassRetry, "the sink is closed"},
		{errNotAlone, refused, pipeline.ClassRetry, errNotAlone.Error()},
		{errApart, refused, pipeline.ClassRetry, errApart.Error()},
		{noAnswerError{nil}, timedOut, pipeline.ClassRetry, "no answer within 10s"},
		{noAnswerError{dial}, timedOut, pipeline.ClassRetry, "no answer within 10s: dial tcp: connection refused"},
		{noAnswerError{io.EOF}, timedOut, pipeline.ClassRetry, "no answer within 10s: the broker closed the connection"},
		{
			noAnswerError{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}},
			timedOut, pipeline.ClassRetry,
			"no answer within 10s: tls: failed to verify certificate: x509: certificate signed by unknown authority",
		},
		{noAnswerError{errors.New("hidden")}, timedOut, pipeline.ClassRetry, "no answer within 10s"},
		{noAnswerError{kerr.SaslAuthenticationFailed}, refused, pipeline.ClassRetry, "the broker answered SASL_AUTHENTICATION_FAILED"},
		{dial, unreachable, pipeline.ClassRetry, "producing failed: dial tcp: connection refused"},
		{errors.New("hidden"), unreachable, pipeline.ClassRetry, "producing failed"},
	} {
		for _, cause := range []error{row.cause, fmt.Errorf("hidden: %w", row.cause)} {
			got, explained := explain(t.Context(), cause, 10*time.Second)
			require.Equal(t, row.want, got, row.text)
			require.EqualError(t, explained, row.text)
			class, _ := pipeline.Classify(explained)
			require.Equal(t, row.class, class, row.text)
			require.Equal(t, row.class == pipeline.ClassReject, final(cause))
		}
	}
}

func TestExplain_TheCallersContextComesFirst(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := explain(ended, kerr.MessageTooLarge, time.Second)
	require.Equal(t, canceled, got)
	require.Equal(t, context.Canceled, err)
}
