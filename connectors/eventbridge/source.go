package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carillon/connectors/receive"
	"carillon/connectors/sqs"
	"carillon/pipeline"
)

const (
	// EventBridge waits 5 s for an answer; the rest is for the way back.
	handlingTimeout = 4 * time.Second
	// An event of EventBridge has at most 1 MB; the rest is room for a batch of a pipe.
	bodyLimit = 2 << 20
	// What the bodies of one source may take together.
	bodiesTotal = 64 << 20
	// How often a line about the same kind of failure is written.
	logInterval = time.Minute
)

// Factory declares the source type eventbridge.
func Factory() pipeline.SourceFactory {
	return pipeline.NewSourceFactory("eventbridge", DefaultConfig, newSource)
}

// source is the receiver of one API destination.
type source struct {
	cfg      Config
	set      pipeline.Settings
	auth     authenticator
	endpoint *receive.Endpoint[outcome]
	bodies   *receive.Bodies
	repeats  *receive.Repeats
	metrics  *metrics
}

// newSource returns the receiver of an API destination, or with via the source of its queue.
func newSource(cfg Config, set pipeline.Settings) (pipeline.Source, error) {
	if cfg.via() {
		return sqs.Factory().New(&cfg.Via, set)
	}
	if set.HTTP == nil {
		return nil, errors.New("building an eventbridge source: there is no listener")
	}
	m := newMetrics(set.Registerer)
	s := &source{
		cfg:      cfg,
		set:      set,
		endpoint: newEndpoint(set.Registerer),
		auth:     newAuthenticator(&cfg.Auth, &set, m),
		bodies:   receive.NewBodies(bodyLimit, bodiesTotal),
		repeats:  receive.NewRepeats(logInterval),
		metrics:  m,
	}
	if err := set.HTTP.Handle(cfg.Path, s); err != nil {
		return nil, fmt.Errorf("registering path %q: %w", cfg.Path, err)
	}
	return s, nil
}

// Run answers requests until ctx ends, then waits for those in hand, at most 4 s each.
func (s *source) Run(ctx context.Context, out pipeline.Emitter) error {
	s.endpoint.Run(ctx, out)
	s.auth.close()
	return nil
}
