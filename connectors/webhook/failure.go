package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// explain says why a request got no answer. What net/http reports may quote the URL or what the receiver sent, so only the
// errors that are known not to are passed on; of all others the kind is told.
func explain(ctx context.Context, err error, timeout time.Duration) (outcome, error) {
	if ctx.Err() != nil { // the caller's context, not the one with the timeout
		return canceled, ctx.Err()
	}
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return timedOut, fmt.Errorf("no answer within %s", timeout)
	}
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &certificate):
		return unreachable, certificate
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return unreachable, errors.New("does not speak TLS")
	case errors.As(err, &op):
		return unreachable, op
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unreachable, errors.New("closed the connection without an answer")
	}
	return unreachable, errors.New("gave no usable answer")
}
