package config

import (
	"fmt"

	"carillon/pipeline"
	"carillon/pipeline/router"
)

// Setup returns what a router needs to run this configuration with the factories it was loaded with.
func (c *Config) Setup(factories pipeline.Factories) (router.Setup, error) {
	s := router.Setup{
		Connect: c.NATS, Stream: c.Stream, Identity: c.Identity, Order: c.Order, HTTP: c.HTTP, Admin: c.Admin, Delivery: c.Delivery, Shutdown: c.Shutdown,
	}
	for _, src := range c.Sources {
		f, err := find(factories.Sources, src.Type, func(f pipeline.SourceFactory) string { return f.Type })
		if err != nil {
			return s, fmt.Errorf("sources.%s: %w", src.ID, err)
		}
		s.Sources = append(s.Sources, router.SourceSetup{ID: src.ID, Group: src.Dedupe.Group, New: func(set pipeline.Settings) (pipeline.Source, error) {
			return f.New(src.Config, set)
		}})
	}
	for _, sink := range c.Sinks {
		f, err := find(factories.Sinks, sink.Type, func(f pipeline.SinkFactory) string { return f.Type })
		if err != nil {
			return s, fmt.Errorf("sinks.%s: %w", sink.ID, err)
		}
		s.Sinks = append(s.Sinks, router.SinkSetup{ID: sink.ID, Deliver: sink.Deliver, New: func(set pipeline.Settings) (pipeline.Sink, error) {
			return f.New(sink.Config, set)
		}})
	}
	return s, nil
}

func find[F any](list []F, name string, typeOf func(F) string) (F, error) {
	for _, f := range list {
		if typeOf(f) == name {
			return f, nil
		}
	}
	var none F
	return none, fmt.Errorf("type %q is not in this binary", name)
}
