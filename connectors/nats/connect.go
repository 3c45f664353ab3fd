package nats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

const (
	// dialTimeout is how long one attempt to connect may take.
	dialTimeout = 5 * time.Second
	// writeTimeout is how long the socket may take no byte before the connection counts as broken. Write cannot return before.
	writeTimeout = 2 * time.Second
	// pingInterval and two pings without an answer end a connection that is dead without saying so.
	pingInterval = 20 * time.Second
	// firstPause and longestPause bound the pause between attempts to connect.
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
	// connectWait is how long a Write waits for a connection: for the longest pause and the attempt after it.
	connectWait = longestPause + 500*time.Millisecond
	// mostPending is more than all Writes in flight can have: they are bounded elsewhere, and the client must never make one wait.
	mostPending = 1 << 20
)

const keyError = "error"

// Start implements pipeline.Starter. It reads the files, so that a wrong one stops the router from starting, and begins to connect.
func (s *sink) Start(context.Context) error {
	opts, err := s.options()
	if err != nil {
		return err
	}
	if s.conn, err = nats.Connect(s.servers, opts...); err != nil {
		return fmt.Errorf("connecting to NATS: %w", withoutAddress(err))
	}
	if s.mode == ModeCore {
		s.publish = s.publishCore
		return nil
	}
	s.js, err = jetstream.New(s.conn, jetstream.WithPublishAsyncMaxPending(mostPending), jetstream.WithPublishAsyncTimeout(s.timeout))
	if err != nil {
		return fmt.Errorf("preparing JetStream: %w", err)
	}
	s.publish = s.publishStream
	return nil
}

func (s *sink) options() ([]nats.Option, error) {
	opts := []nats.Option{
		nats.Name("Carillon sink " + s.id), nats.Timeout(dialTimeout), nats.FlusherTimeout(writeTimeout),
		nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(2),
		// A server that is away or does not let us in is tried again for ever: both are mended by a person.
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.CustomReconnectDelay(pause),
		// Nothing waits in the client for a connection: the events are safe where they are (I6).
		nats.ReconnectBufSize(-1),
		nats.ConnectHandler(func(*nats.Conn) { s.noteConnected(true, nil) }),
		nats.ReconnectHandler(func(*nats.Conn) { s.noteConnected(true, nil) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { s.noteConnected(false, err) }),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // or it writes to the standard error
	}
	if s.creds != "" {
		if err := checkCreds(s.creds); err != nil {
			return nil, fmt.Errorf("creds: %w", err)
		}
		opts = append(opts, nats.UserCredentials(s.creds)) // it is read again for each connection
	}
	if s.tls.IsZero() {
		return opts, nil
	}
	config, err := s.tls.Load()
	if err != nil {
		return nil, err
	}
	return append(opts, nats.Secure(config)), nil
}

// checkCreds reads what the client reads only when it connects. Its errors quote nothing of the file.
func checkCreds(name string) error {
	content, err := os.ReadFile(name) //nolint:gosec // the user says where it is
	if err != nil {
		return err
	}
	pair, err := nkeys.ParseDecoratedNKey(content)
	if err != nil {
		return fmt.Errorf("%s holds no NATS credentials", name)
	}
	pair.Wipe()
	if _, err := nkeys.ParseDecoratedJWT(content); err != nil {
		return fmt.Errorf("%s holds no JWT", name)
	}
	return nil
}

// withoutAddress leaves out what url.Error quotes.
func withoutAddress(err error) error {
	if bad, ok := errors.AsType[*url.Error](err); ok {
		return bad.Err
	}
	return err
}

// pause grows from firstPause to longestPause, with jitter, over attempts that had all servers.
func pause(attempts int) time.Duration {
	most := min(firstPause<<min(max(attempts-1, 0), 10), longestPause)
	return most/2 + rand.N(most/2+1) //nolint:gosec // jitter
}

// await waits for a connection, for a while. That there is none is found out by publishing.
func (s *sink) await(ctx context.Context) {
	if s.conn.IsConnected() {
		return
	}
	changed := s.conn.StatusChanged(nats.CONNECTED, nats.CLOSED)
	defer s.conn.RemoveStatusListener(changed)
	if s.conn.IsConnected() { // since it was asked, and before anybody listened
		return
	}
	timer := time.NewTimer(connectWait)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
	case <-s.gone:
	}
}

// noteConnected tells of a change of the connection.
func (s *sink) noteConnected(connected bool, err error) {
	switch {
	case connected:
		s.metrics.connected.Set(1)
		s.logger.Info("connected to NATS")
	case s.closed.Load():
		s.metrics.connected.Set(0)
	default:
		s.metrics.connected.Set(0)
		s.logger.Warn("lost the connection to NATS", slog.Any(keyError, err))
	}
}
