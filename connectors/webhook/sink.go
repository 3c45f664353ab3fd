package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"carillon/connectors/format"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

const (
	// maxDrain is how much of an answer is read so that its connection can be used again.
	maxDrain = 64 << 10
	// maxIdle is how many unused connections are kept: as many as a sink may have requests in flight. What was never open
	// at the same time is never kept.
	maxIdle = 4096
	// idleTimeout is how long an unused connection is kept.
	idleTimeout = 90 * time.Second
	// everything is the weight that is free only when no Write runs.
	everything = math.MaxInt64
)

var (
	errClosed  = errors.New("the sink is closed")
	errNotSent = errors.New("not sent, because an earlier event of the same meeting was not accepted")
)

// Factory declares the sink.
func Factory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("webhook", DefaultConfig, newSink)
}

// sink is safe for concurrent use.
type sink struct {
	template  *http.Request
	transport *http.Transport
	client    *http.Client
	timeout   time.Duration
	clock     func() time.Time
	metrics   *metrics
	format    format.Format
	signer    signer
	secrets   secrets
	tls       tlsfiles.Config
	writes    *semaphore.Weighted // every Write holds 1 of it; Close takes everything
	closed    atomic.Bool
}

func newSink(cfg Config, set pipeline.Settings) (pipeline.Sink, error) {
	u, err := parseURL(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("building webhook sink %q: url: %w", set.ID, err)
	}
	signer, err := newSigner(cfg.Secret, cfg.PreviousSecret)
	if err != nil {
		return nil, fmt.Errorf("building webhook sink %q: %w", set.ID, err)
	}
	transport := newTransport()
	return &sink{
		format: cfg.Format, signer: signer, tls: cfg.TLS, secrets: secretsOf(u, cfg.Headers, cfg.Secret, cfg.PreviousSecret),
		template: newTemplate(u, cfg.Headers), transport: transport, timeout: cfg.Timeout, clock: set.Clock,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		metrics: newMetrics(set.Registerer), writes: semaphore.NewWeighted(everything),
	}, nil
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    maxIdle,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxDrain,
		DisableCompression:     true, // of answers little is looked at
	}
}

// Start implements pipeline.Starter: it reads the certificates, so that a wrong file stops the router from starting.
func (s *sink) Start(context.Context) error {
	if s.tls.IsZero() {
		return nil
	}
	config, err := s.tls.Load()
	if err != nil {
		return err
	}
	s.transport.TLSClientConfig = config
	return nil
}

// Write implements pipeline.Sink. The events it gets, usually one, are posted one after the other.
func (s *sink) Write(ctx context.Context, events []pipeline.Event) error {
	if !s.writes.TryAcquire(1) {
		return pipeline.Fatal(errClosed)
	}
	defer s.writes.Release(1)
	if len(events) == 1 {
		return s.post(ctx, &events[0])
	}
	var failed []pipeline.IndexError
	stuck := map[string]bool{}
	for i := range events {
		e := &events[i]
		err := errNotSent
		if !stuck[e.Key] { // I5: nothing of a meeting is accepted after a failure
			err = s.post(ctx, e)
		}
		if err != nil {
			stuck[e.Key] = true
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
		}
	}
	if len(failed) > 0 {
		return &pipeline.BatchError{Failed: failed}
	}
	return nil
}

// post sends one event and returns nil when the receiver accepted it.
func (s *sink) post(ctx context.Context, e *pipeline.Event) error {
	start := s.clock()
	result, err := s.exchange(ctx, e)
	s.metrics.seconds.Observe(s.clock().Sub(start).Seconds())
	s.metrics.requests.WithLabelValues(string(result)).Inc()
	if err != nil {
		return fmt.Errorf("posting to %s: %w", s.template.Host, err)
	}
	return nil
}

func (s *sink) exchange(ctx context.Context, e *pipeline.Event) (outcome, error) {
	m, err := format.Encode(s.format, e)
	if err != nil {
		return rejected, err
	}
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	resp, err := s.client.Do(s.newRequest(bounded, e.ID.String(), &m))
	if err != nil {
		return explain(ctx, err, s.timeout)
	}
	var excerpt string
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		excerpt = s.secrets.read(resp.Body)
	}
	// The status has decided. An answer that cannot be read to its end costs its connection and nothing else.
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
	_ = resp.Body.Close()
	return read(resp.StatusCode, resp.Header.Get("Retry-After"), s.clock(), excerpt)
}

// Close implements pipeline.Sink: it waits for the Writes in flight and closes the connections. A second call does nothing.
func (s *sink) Close(ctx context.Context) error {
	if s.closed.Swap(true) {
		return nil
	}
	defer s.transport.CloseIdleConnections()
	if err := s.writes.Acquire(ctx, everything); err != nil {
		return fmt.Errorf("waiting for requests to %s: %w", s.template.Host, err)
	}
	return nil
}
