package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestExplain_Table wraps every cause as net/http does, in an error that quotes the URL.
func TestExplain_Table(t *testing.T) {
	lookup := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "example.invalid"}}
	for _, row := range []struct {
		cause error
		want  outcome
		text  string
	}{
		{lookup, unreachable, "dial tcp: lookup example.invalid: no such host"},
		{context.DeadlineExceeded, timedOut, "no answer within 10s"},
		{os.ErrDeadlineExceeded, timedOut, "no answer within 10s"},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, unreachable, "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{tls.RecordHeaderError{Msg: "hidden"}, unreachable, "does not speak TLS"},
		{http.ErrSchemeMismatch, unreachable, "does not speak TLS"},
		{io.EOF, unreachable, "closed the connection without an answer"},
		{io.ErrUnexpectedEOF, unreachable, "closed the connection without an answer"},
		{errors.New("malformed HTTP response hidden"), unreachable, "gave no usable answer"},
	} {
		err := fmt.Errorf("transport: %w", &url.Error{Op: "Post", URL: "https://hidden/hidden?hidden", Err: row.cause})
		got, explained := explain(t.Context(), err, 10*time.Second)
		require.Equal(t, row.want, got, row.text)
		require.EqualError(t, explained, row.text)
		class, _ := pipeline.Classify(explained)
		require.Equal(t, pipeline.ClassRetry, class)
	}
}

func TestExplain_TheCallersContextComesFirst(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	got, err := explain(ended, &url.Error{Op: "Post", URL: "https://hidden", Err: io.EOF}, time.Second)
	require.Equal(t, canceled, got)
	require.Equal(t, context.Canceled, err)
}
