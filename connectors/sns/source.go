package sns

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"carillon/connectors/receive"
	"carillon/pipeline"
)

const (
	// SNS waits 15 s for an answer; the rest is for the way back.
	handlingTimeout = 12 * time.Second
	// A message for an HTTP endpoint has at most 256 KiB; escaping may multiply that.
	bodyLimit = 2 << 20
	// What the bodies of one source may take together.
	bodiesTotal = 64 << 20
	// How often a line about the same kind of failure is written.
	logInterval = time.Minute
)

// Options are what code, not the user, may change.
type Options struct {
	// CertTransport fetches signing certificates; the URLs are checked before it is asked. nil: the network.
	CertTransport http.RoundTripper
}

// Factory declares the source type sns.
func Factory() pipeline.SourceFactory { return FactoryWith(Options{}) }

// FactoryWith declares the source type sns with options, for tests and demonstrations.
func FactoryWith(opts Options) pipeline.SourceFactory {
	return pipeline.NewSourceFactory("sns", DefaultConfig, func(cfg Config, set pipeline.Settings) (pipeline.Source, error) {
		return newSource(cfg, set, opts)
	})
}

// source is the endpoint of one or more topics.
type source struct {
	cfg       Config
	set       pipeline.Settings
	topics    map[string]topic
	certs     *certificates
	confirmer *confirmer
	basic     *receive.Basic
	certHTTP  *http.Client
	calls     *http.Client
	endpoint  *receive.Endpoint[outcome]
	bodies    *receive.Bodies
	repeats   *receive.Repeats
	metrics   *metrics
}

func newSource(cfg Config, set pipeline.Settings, opts Options) (pipeline.Source, error) {
	if set.HTTP == nil {
		return nil, errors.New("building an sns source: there is no listener")
	}
	topics := make(map[string]topic, len(cfg.TopicArns))
	for _, arn := range cfg.TopicArns {
		t, err := parseTopic(arn)
		if err != nil {
			return nil, fmt.Errorf("building source %q: %w", set.ID, err)
		}
		topics[arn] = t
	}
	m := newMetrics(set.Registerer)
	certHTTP, calls := newClient(opts.CertTransport), newClient(nil)
	s := &source{
		cfg:       cfg,
		set:       set,
		endpoint:  newEndpoint(set.Registerer),
		topics:    topics,
		certs:     newCertificates(certHTTP, set.Clock, m),
		confirmer: newConfirmer(cfg, calls),
		certHTTP:  certHTTP,
		calls:     calls,
		bodies:    receive.NewBodies(bodyLimit, bodiesTotal),
		repeats:   receive.NewRepeats(logInterval),
		metrics:   m,
	}
	if cfg.Basic.set() {
		basic := receive.NewBasic(cfg.Basic.Username, cfg.Basic.Password.Reveal())
		s.basic = &basic
	}
	if err := set.HTTP.Handle(cfg.Path, s); err != nil {
		return nil, fmt.Errorf("registering path %q: %w", cfg.Path, err)
	}
	return s, nil
}

// Run answers requests until ctx ends, then waits for those in hand, at most 12 s each. Where subscribe is configured it
// subscribes meanwhile.
func (s *source) Run(ctx context.Context, out pipeline.Emitter) error {
	var subscribing sync.WaitGroup
	if s.cfg.Subscribe.Endpoint != "" {
		subscribing.Go(func() { s.subscribeAll(ctx) })
	}
	s.endpoint.Run(ctx, out)
	subscribing.Wait()
	s.certHTTP.CloseIdleConnections()
	s.calls.CloseIdleConnections()
	return nil
}
