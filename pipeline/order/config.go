package order

import (
	"errors"
	"fmt"
	"time"
)

// Mode says how order is restored within a meeting.
type Mode string

const (
	// ModeNone releases each event at once.
	ModeNone Mode = "none"
	// ModeTime holds each event for the window and releases by (event time, tie-break, identity).
	ModeTime Mode = "time"
	// ModeCausal releases each event at once unless something that must come before it is missing.
	ModeCausal Mode = "causal"
	// ModeAdaptive is ModeTime with a window that follows the measured disorder.
	ModeAdaptive Mode = "adaptive"
)

// LatePolicy says what happens to an event that missed its place.
type LatePolicy string

const (
	// LateForward sends it on, marked.
	LateForward LatePolicy = "forward"
	// LateDivert keeps it in LATE instead, marked.
	LateDivert LatePolicy = "divert"
	// LateDrop keeps only its headers in LATE, so that copies of it are known.
	LateDrop LatePolicy = "drop"
)

// Config is the part of the configuration under order:.
type Config struct {
	// Mode is none (at once, no order), time (hold for window, then by event time), causal (hold only what misses a
	// predecessor, for window at most) or adaptive (time, with a window that follows the measured disorder).
	Mode Mode `koanf:"mode"`
	// Window is how long an event waits for earlier ones, counted from its arrival; with causal, at most; with adaptive, until
	// enough was measured. 1ms to 10m; mode none does not look at it.
	Window time.Duration `koanf:"window"`
	// Late is what happens to an event that arrives after one it had to precede has left: forward (send it on with
	// Carillon-Late), divert (keep it in the stream LATE instead) or drop (count it and keep its headers there).
	Late LatePolicy `koanf:"late"`
	// Adaptive bounds the window of mode adaptive.
	Adaptive AdaptiveConfig `koanf:"adaptive"`
}

// AdaptiveConfig bounds the window of mode adaptive.
type AdaptiveConfig struct {
	// Min is the shortest window. 1ms to max.
	Min time.Duration `koanf:"min"`
	// Max is the longest window. Events that take longer than this to arrive are not waited for. min to 10m.
	Max time.Duration `koanf:"max"`
}

// The bounds of every window.
const (
	shortest = time.Millisecond
	longest  = 10 * time.Minute
)

// DefaultConfig returns the defaults of order:.
func DefaultConfig() Config {
	return Config{
		Mode: ModeTime, Window: 2 * time.Second, Late: LateForward,
		Adaptive: AdaptiveConfig{Min: 50 * time.Millisecond, Max: 30 * time.Second},
	}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	switch c.Mode {
	case ModeNone, ModeTime, ModeCausal:
	case ModeAdaptive:
		errs = append(errs, c.Adaptive.validate())
	default:
		errs = append(errs, fmt.Errorf("mode: %q is none of none, time, causal, adaptive", c.Mode))
	}
	if c.Mode != ModeNone && (c.Window < shortest || c.Window > longest) {
		errs = append(errs, fmt.Errorf("window: %s is outside 1ms to 10m", c.Window))
	}
	if c.Late != LateForward && c.Late != LateDivert && c.Late != LateDrop {
		errs = append(errs, fmt.Errorf("late: %q is none of forward, divert, drop", c.Late))
	}
	return errors.Join(errs...)
}

func (c AdaptiveConfig) validate() error {
	var errs []error
	if c.Min < shortest || c.Min > c.Max {
		errs = append(errs, fmt.Errorf("adaptive.min: %s is outside 1ms to adaptive.max", c.Min))
	}
	if c.Max > longest {
		errs = append(errs, fmt.Errorf("adaptive.max: %s is more than 10m", c.Max))
	}
	return errors.Join(errs...)
}
