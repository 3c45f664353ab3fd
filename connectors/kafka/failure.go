package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/pipeline"
)

var (
	errClosed     = errors.New("the sink is closed")
	errNotStarted = errors.New("the sink was not started")
	errNoAnswer   = errors.New("no answer")
	errNotAlone   = errors.New("refused together with others, and there was no time to ask for it alone")
	errApart      = errors.New("not sent, because the events of a meeting would not have stayed together")
)

// explain is the table of answers: what an error of the client or a broker means. ctx is the caller's, without our timeout. A code
// that is final is taken as one for the record alone.
func explain(ctx context.Context, err error, timeout time.Duration) (outcome, error) {
	if ctx.Err() != nil {
		return canceled, ctx.Err()
	}
	if code, ok := errors.AsType[*kerr.Error](err); ok {
		return explainCode(code)
	}
	switch {
	case errors.Is(err, errClosed), errors.Is(err, kgo.ErrClientClosed):
		return canceled, errClosed
	case errors.Is(err, errNotAlone):
		return refused, errNotAlone
	case errors.Is(err, errApart):
		return refused, errApart
	case errors.Is(err, kgo.ErrMaxBuffered):
		return unreachable, errors.New("too many records wait for an answer already")
	case errors.Is(err, errNoAnswer):
		return timedOut, fmt.Errorf("no answer within %s%s", timeout, because(errors.Unwrap(err)))
	}
	return unreachable, fmt.Errorf("producing failed%s", because(err))
}

// explainCode reads an answer. Its message is the name of the code, and quotes nothing.
func explainCode(code *kerr.Error) (outcome, error) {
	err := fmt.Errorf("the broker answered %s", code.Message)
	switch {
	case final(code):
		return rejected, pipeline.Reject(err)
	case errors.Is(code, kerr.ThrottlingQuotaExceeded):
		return throttled, pipeline.Throttle(err, 0)
	case errors.Is(code, kerr.InvalidTopicException), errors.Is(code, kerr.UnsupportedVersion), errors.Is(code, kerr.InvalidRequiredAcks),
		errors.Is(code, kerr.UnsupportedForMessageFormat), errors.Is(code, kerr.UnsupportedSaslMechanism):
		return refused, pipeline.Fatal(err)
	}
	return refused, err
}

// final reports whether err says that a batch will never be accepted.
func final(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.RecordListTooLarge) ||
		errors.Is(err, kerr.InvalidRecord) || errors.Is(err, kerr.InvalidTimestamp)
}

// noAnswerError is errNoAnswer with what is known of the connection.
type noAnswerError struct{ reason error }

func (e noAnswerError) Error() string        { return errNoAnswer.Error() }
func (e noAnswerError) Is(target error) bool { return target == errNoAnswer }
func (e noAnswerError) Unwrap() error        { return e.reason }

// because tells the reasons that are known to quote nobody, and nothing of all others.
func because(err error) string {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return ": " + op.Error()
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return ": " + certificate.Error()
	}
	if errors.Is(err, io.EOF) { // which is how some brokers answer a wrong password, and most one who speaks no TLS
		return ": the broker closed the connection"
	}
	return ""
}
