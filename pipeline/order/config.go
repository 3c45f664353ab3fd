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
)

// LatePolicy says what happens to an event that missed its place.
type LatePolicy string

// LateForward sends it on, marked.
const LateForward LatePolicy = "forward"

// Config is the part of the configuration under order:.
type Config struct {
	// Mode is none (at once, no order) or time (hold for window, then by event time).
	Mode Mode `koanf:"mode"`
	// Window is how long an event waits for earlier ones, counted from its arrival. Mode time only; 1ms to 10m.
	Window time.Duration `koanf:"window"`
	// Late is what happens to an event that arrives after one it had to precede has left: forward (with Carillon-Late).
	Late LatePolicy `koanf:"late"`
}

// DefaultConfig returns the defaults of order:.
func DefaultConfig() Config {
	return Config{Mode: ModeTime, Window: 2 * time.Second, Late: LateForward}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if c.Mode != ModeNone && c.Mode != ModeTime {
		errs = append(errs, fmt.Errorf("mode: %q is neither none nor time", c.Mode))
	}
	if c.Mode == ModeTime && (c.Window < time.Millisecond || c.Window > 10*time.Minute) {
		errs = append(errs, fmt.Errorf("window: %s is outside 1ms to 10m", c.Window))
	}
	if c.Late != LateForward {
		errs = append(errs, fmt.Errorf("late: %q is not forward", c.Late))
	}
	return errors.Join(errs...)
}
