package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Check implements pipeline.Checker: it connects once and, for JetStream, asks which streams have the subject.
func (s *sink) Check(ctx context.Context) (string, error) {
	opts, err := s.options()
	if err != nil {
		return "", err
	}
	conn, err := nats.Connect(s.servers, append(opts, nats.RetryOnFailedConnect(false), nats.NoReconnect())...)
	if err != nil {
		return "", fmt.Errorf("connecting to NATS: %w (check url and creds)", unreached(err))
	}
	defer conn.Close()
	if s.mode == ModeCore {
		if err := conn.FlushWithContext(ctx); err != nil {
			return "", fmt.Errorf("connecting to NATS: %w", unreached(err))
		}
		return fmt.Sprintf("NATS %s, subject %s", conn.ConnectedServerVersion(), s.subject.wildcard()), nil
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return "", fmt.Errorf("preparing JetStream: %w", err)
	}
	return s.findStream(ctx, js)
}

func (s *sink) findStream(ctx context.Context, js jetstream.JetStream) (string, error) {
	subject := s.subject.wildcard()
	list := js.StreamNames(ctx, jetstream.WithStreamListSubject(subject))
	var names []string
	for name := range list.Name() {
		names = append(names, name)
	}
	switch err := list.Err(); {
	case err != nil && ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		_, err = explain(ctx, err, s.timeout)
		return "", fmt.Errorf("asking JetStream for the streams of %s: %w", subject, err)
	case len(names) == 0:
		return "", fmt.Errorf("no stream has the subject %s: make one (nats stream add --subjects '%s'), or correct subject", subject, subject)
	case s.stream != "" && !slices.Contains(names, s.stream):
		return "", fmt.Errorf("stream %s does not have the subject %s, which %s has: add it to the stream, or correct stream", s.stream, subject,
			strings.Join(names, ", "))
	case s.stream != "":
		names = []string{s.stream}
	}
	return fmt.Sprintf("stream %s has %s", strings.Join(names, ", "), subject), nil
}

// unreached tells why there is no connection without what the client quotes of the URL.
func unreached(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	for _, known := range []error{
		nats.ErrNoServers, nats.ErrAuthorization, nats.ErrAuthExpired, nats.ErrTimeout, nats.ErrSecureConnRequired, nats.ErrSecureConnWanted,
		context.DeadlineExceeded, context.Canceled,
	} {
		if errors.Is(err, known) {
			return known
		}
	}
	return fmt.Errorf("it failed (%T)", err)
}

// wildcard returns the subject with * for every token that depends on the event.
func (s subject) wildcard() string {
	tokens := strings.Split(strings.Join(s, "\x00"), ".")
	depends := false
	for i, token := range tokens {
		if strings.Contains(token, "\x00") {
			tokens[i], depends = "*", true
		}
	}
	if !depends {
		return strings.Join(s, "")
	}
	return strings.Join(tokens, ".")
}
