package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// said is an answer of a server.
type said string

func (s said) Error() string { return string(s) }

// RedisError implements goredis.Error.
func (said) RedisError() {}

func TestExplain_Table(t *testing.T) {
	for _, row := range []struct {
		cause error
		want  outcome
		class pipeline.Class
		text  string
	}{
		{said("OOM command not allowed when used memory > 'maxmemory'."), refused, pipeline.ClassRetry, "the server answered OOM"},
		{said("LOADING Redis is loading the dataset in memory"), refused, pipeline.ClassRetry, "the server answered LOADING"},
		{said("READONLY You can't write against a read only replica."), refused, pipeline.ClassRetry, "the server answered READONLY"},
		{said("MISCONF Redis is configured to save RDB snapshots"), refused, pipeline.ClassRetry, "the server answered MISCONF"},
		{said("NOREPLICAS Not enough good replicas to write."), refused, pipeline.ClassRetry, "the server answered NOREPLICAS"},
		{said("MASTERDOWN Link with MASTER is down"), refused, pipeline.ClassRetry, "the server answered MASTERDOWN"},
		{said("CLUSTERDOWN The cluster is down"), refused, pipeline.ClassRetry, "the server answered CLUSTERDOWN"},
		{said("EXECABORT Transaction discarded"), refused, pipeline.ClassRetry, "the server answered EXECABORT"},
		{said("NOAUTH Authentication required."), refused, pipeline.ClassRetry, "the server answered NOAUTH"},
		{said("WRONGPASS invalid username-password pair"), refused, pipeline.ClassRetry, "the server answered WRONGPASS"},
		{said("NOPERM this user has no permissions"), refused, pipeline.ClassRetry, "the server answered NOPERM"},
		{
			said("WRONGTYPE Operation against a key holding the wrong kind of value"), refused, pipeline.ClassRetry,
			"the server answered WRONGTYPE: the key of the stream holds something else",
		},
		{said("BUSY Redis is busy running a script."), throttled, pipeline.ClassThrottle, "the server answered BUSY"},
		{
			said("ERR max number of clients reached"), throttled, pipeline.ClassThrottle,
			"the server answered ERR: max number of clients reached",
		},
		{said("MOVED 3999 127.0.0.1:6381"), refused, pipeline.ClassFatal, "the server answered MOVED: Redis Cluster is not supported"},
		{said("ASK 3999 127.0.0.1:6381"), refused, pipeline.ClassFatal, "the server answered ASK: Redis Cluster is not supported"},
		{
			said("CROSSSLOT Keys in request don't hash to the same slot"), refused, pipeline.ClassFatal,
			"the server answered CROSSSLOT: Redis Cluster is not supported",
		},
		{
			said("ERR unknown command 'xadd', with args beginning with: hidden"), refused, pipeline.ClassFatal,
			"the server answered ERR: it knows no streams, which came with Redis 5",
		},
		{said("ERR something about hidden"), refused, pipeline.ClassRetry, "the server answered ERR"},
		{goredis.ErrClosed, canceled, pipeline.ClassRetry, "the sink is closed"},
		{goredis.ErrPoolTimeout, timedOut, pipeline.ClassRetry, "no answer within 10s"},
		{context.DeadlineExceeded, timedOut, pipeline.ClassRetry, "no answer within 10s"},
		{os.ErrDeadlineExceeded, timedOut, pipeline.ClassRetry, "no answer within 10s"},
		{
			&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, unreachable, pipeline.ClassRetry,
			"dial tcp: connection refused",
		},
		{
			&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, unreachable, pipeline.ClassRetry,
			"tls: failed to verify certificate: x509: certificate signed by unknown authority",
		},
		{io.EOF, unreachable, pipeline.ClassRetry, "the server closed the connection"},
		{io.ErrUnexpectedEOF, unreachable, pipeline.ClassRetry, "the server closed the connection"},
		{errors.New("hidden"), unreachable, pipeline.ClassRetry, "appending failed (*errors.errorString)"},
	} {
		got, explained := explain(t.Context(), row.cause, 10*time.Second)
		require.Equal(t, row.want, got, row.text)
		require.EqualError(t, explained, row.text)
		class, _ := pipeline.Classify(explained)
		require.Equal(t, row.class, class, row.text)
		again, _ := explain(t.Context(), fmt.Errorf("pipeline: %w", row.cause), time.Second)
		require.Equal(t, row.want, again, "a wrapped error is the same: %s", row.text)
	}
}

func TestExplain_TheCallersContextComesFirst(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := explain(ended, io.EOF, time.Second)
	require.Equal(t, canceled, got)
	require.Equal(t, context.Canceled, err)
}

func TestExplain_TheClientsOwnErrors(t *testing.T) {
	require.Implements(t, (*goredis.Error)(nil), goredis.TxFailedErr)
	got, _ := explain(t.Context(), goredis.TxFailedErr, time.Second)
	require.Equal(t, refused, got)
}
