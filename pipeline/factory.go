package pipeline

import "fmt"

// SourceFactory declares one type of source.
type SourceFactory struct {
	// Type is the value of type: in YAML and the name of the package.
	Type string
	// Config returns a pointer to a new Config that holds the defaults.
	Config func() Config
	// New builds the source from a Config that Validate accepted. It does no I/O.
	New func(Config, Settings) (Source, error)
}

// SinkFactory declares one type of sink.
type SinkFactory struct {
	// Type is the value of type: in YAML and the name of the package.
	Type string
	// Config returns a pointer to a new Config that holds the defaults.
	Config func() Config
	// New builds the sink from a Config that Validate accepted. It does no I/O.
	New func(Config, Settings) (Sink, error)
}

// Factories is the explicit list of what a binary can do.
type Factories struct {
	Sources []SourceFactory
	Sinks   []SinkFactory
}

// pointerTo is a pointer to C that is a Config: Validate and the decoder of YAML need the address.
type pointerTo[C any] interface {
	*C
	Config
}

// NewSourceFactory declares a type of source with the configuration C. build gets a copy, so what it keeps is its own. A Config
// that is no *C is an error of New.
func NewSourceFactory[C any, P pointerTo[C]](name string, defaults func() C, build func(C, Settings) (Source, error)) SourceFactory {
	return SourceFactory{
		Type: name, Config: fresh[C, P](defaults),
		New: func(c Config, set Settings) (Source, error) {
			cfg, ok := c.(P)
			if !ok {
				return nil, fmt.Errorf("building source %q: configuration is %T", set.ID, c)
			}
			return build(*cfg, set)
		},
	}
}

// NewSinkFactory declares a type of sink with the configuration C. build gets a copy, so what it keeps is its own. A Config that
// is no *C is an error of New.
func NewSinkFactory[C any, P pointerTo[C]](name string, defaults func() C, build func(C, Settings) (Sink, error)) SinkFactory {
	return SinkFactory{
		Type: name, Config: fresh[C, P](defaults),
		New: func(c Config, set Settings) (Sink, error) {
			cfg, ok := c.(P)
			if !ok {
				return nil, fmt.Errorf("building %s sink %q: got a %T for its configuration", name, set.ID, c)
			}
			return build(*cfg, set)
		},
	}
}

// fresh returns what makes a new Config that holds the defaults.
func fresh[C any, P pointerTo[C]](defaults func() C) func() Config {
	return func() Config {
		cfg := defaults()
		return P(&cfg)
	}
}
