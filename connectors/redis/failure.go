package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"carillon/pipeline"
)

var (
	errClosed     = errors.New("the sink is closed")
	errNotStarted = errors.New("the sink was not started")
	errNotSent    = errors.New("not sent, because an earlier event of the same meeting was not accepted")
)

// explain is the table of answers: what an error of the client or the server means. ctx is the caller's, without our timeout.
func explain(ctx context.Context, err error, timeout time.Duration) (outcome, error) {
	if ctx.Err() != nil {
		return canceled, ctx.Err()
	}
	if answer, ok := errors.AsType[goredis.Error](err); ok && !errors.Is(err, goredis.Nil) {
		return explainAnswer(answer.Error())
	}
	var network net.Error
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.Is(err, goredis.ErrClosed):
		return canceled, errClosed
	case errors.Is(err, goredis.ErrPoolTimeout), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &network) && network.Timeout():
		return timedOut, fmt.Errorf("no answer within %s", timeout)
	case errors.As(err, &certificate):
		return unreachable, certificate
	case errors.As(err, &op):
		return unreachable, op
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unreachable, errors.New("the server closed the connection")
	}
	return unreachable, fmt.Errorf("appending failed (%T)", err)
}

// explainAnswer reads an error of the server. Of its text only the code is told: what follows may quote what was sent.
func explainAnswer(text string) (outcome, error) {
	code, rest, _ := strings.Cut(text, " ")
	err := fmt.Errorf("the server answered %s", code)
	switch code {
	case "MOVED", "ASK", "CROSSSLOT":
		return refused, pipeline.Fatal(fmt.Errorf("%w: Redis Cluster is not supported", err))
	case "BUSY":
		return throttled, pipeline.Throttle(err, 0)
	case "WRONGTYPE":
		return refused, fmt.Errorf("%w: the key of the stream holds something else", err)
	case "ERR":
		switch {
		case strings.HasPrefix(rest, "max number of clients reached"):
			return throttled, pipeline.Throttle(fmt.Errorf("%w: max number of clients reached", err), 0)
		case strings.HasPrefix(strings.ToLower(rest), "unknown command"):
			return refused, pipeline.Fatal(fmt.Errorf("%w: it knows no streams, which came with Redis 5", err))
		}
	}
	return refused, err
}
