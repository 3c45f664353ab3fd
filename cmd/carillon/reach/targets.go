package reach

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/pipeline"
	"carillon/pipeline/config"
	"carillon/pipeline/journal"
	"carillon/pipeline/router"
)

// closing bounds the end of a sink that was looked at.
const closing = time.Second

// Targets returns all that a configuration wants to reach: the journal, the certificate of the receivers, then sources and sinks in
// the order of the file.
func Targets(c *config.Config, setup *router.Setup) []Target {
	out := []Target{{"nats", func(ctx context.Context) (string, error) { return journal.Check(ctx, c.NATS, c.Stream) }}}
	if c.HTTP.TLS.Cert != "" {
		out = append(out, Target{"http.tls", func(context.Context) (string, error) { return certificate(c.HTTP.TLS, time.Now()) }})
	}
	sources, sinks := map[string]Target{}, map[string]Target{}
	for _, s := range setup.Sources {
		sources[s.ID] = source(s)
	}
	for _, s := range setup.Sinks {
		sinks[s.ID] = sink(s)
	}
	for _, id := range c.Written("sources") {
		out = append(out, sources[id])
	}
	for _, id := range c.Written("sinks") {
		out = append(out, sinks[id])
	}
	return out
}

func source(s router.SourceSetup) Target {
	return Target{"sources." + s.ID, func(ctx context.Context) (string, error) {
		built, err := s.New(settings(s.ID))
		if err != nil {
			return "", err
		}
		return look(ctx, built)
	}}
}

func sink(s router.SinkSetup) Target {
	return Target{"sinks." + s.ID, func(ctx context.Context) (string, error) {
		built, err := s.New(settings(s.ID))
		if err != nil {
			return "", err
		}
		found, err := look(ctx, built)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		_ = built.Close(end) // nothing was written: there is nothing that could be lost
		return found, err
	}}
}

func look(ctx context.Context, component any) (string, error) {
	if c, ok := component.(pipeline.Checker); ok {
		return c.Check(ctx)
	}
	return "nothing to reach", nil
}

// settings are those of a component that will never run.
func settings(id string) pipeline.Settings {
	return pipeline.Settings{
		ID: id, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now, HTTP: mux{},
	}
}

// mux takes every path: the configuration was checked for those that are used twice.
type mux struct{}

func (mux) Handle(string, http.Handler) error { return nil }

// certificate reads the files as the listener would.
func certificate(c router.TLSConfig, now time.Time) (string, error) {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return "", fmt.Errorf("reading the certificate: %w (check http.tls.cert and http.tls.key)", err)
	}
	if pair.Leaf == nil {
		return "", errors.New("reading the certificate: there is none in http.tls.cert")
	}
	if now.After(pair.Leaf.NotAfter) {
		return "", fmt.Errorf("the certificate ended at %s: renew it", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return "certificate until " + pair.Leaf.NotAfter.UTC().Format(time.RFC3339), nil
}
