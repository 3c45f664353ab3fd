package deliver

import (
	"errors"
	"fmt"
	"path"
	"time"
)

// Start says where a sink begins that was never configured before.
type Start string

const (
	// StartNow begins with the events that come after the sink was added.
	StartNow Start = "now"
	// StartEarliest begins with the oldest event that is kept.
	StartEarliest Start = "earliest"
)

// Config is what every sink understands beside its own keys.
type Config struct {
	// Start is where a new sink begins: now or earliest. It has no effect on a sink that has delivered before.
	Start Start `koanf:"start"`
	// Kinds keeps only events whose kind matches one of these patterns (* matches any run of characters). Empty: all.
	Kinds []string `koanf:"kinds"`
	// MaxInFlight is how many calls to the far side run at once, each for another meeting. 1 to 4096.
	MaxInFlight int `koanf:"max_in_flight"`
	// LaneMax is how many events of one meeting wait in memory. A meeting that has more is parked: it is read again from the
	// journal when its turn comes, and holds nobody up. 1 to 100000.
	LaneMax int `koanf:"lane_max"`
	// LanePatience is how long a meeting whose next event is refused stays in memory before it is parked. 1s or more.
	LanePatience time.Duration `koanf:"lane_patience"`
	// Retry says how long and how often a refused event is tried again.
	Retry RetryConfig `koanf:"retry"`
}

// RetryConfig shapes the exponential backoff, with full jitter, of one meeting's lane.
type RetryConfig struct {
	// Initial is the upper bound of the first pause, 1ms or more.
	Initial time.Duration `koanf:"initial"`
	// Max is the upper bound of any pause, at least initial.
	Max time.Duration `koanf:"max"`
	// GiveUpAfter is how long after its first attempt an event goes to the dead letters. 0: never.
	GiveUpAfter time.Duration `koanf:"give_up_after"`
}

// DefaultConfig returns the defaults of the keys that every sink understands.
func DefaultConfig() Config {
	return Config{
		Start: StartNow, MaxInFlight: 64, LaneMax: 1000, LanePatience: time.Minute,
		Retry: RetryConfig{Initial: 200 * time.Millisecond, Max: time.Minute, GiveUpAfter: 24 * time.Hour},
	}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if c.Start != StartNow && c.Start != StartEarliest {
		errs = append(errs, fmt.Errorf("start: %q is neither now nor earliest", c.Start))
	}
	for i, pattern := range c.Kinds {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			errs = append(errs, fmt.Errorf("kinds[%d]: %q is not a pattern such as chime:Attendee*", i, pattern))
		}
	}
	if c.MaxInFlight < 1 || c.MaxInFlight > 4096 {
		errs = append(errs, fmt.Errorf("max_in_flight: %d is outside 1 to 4096", c.MaxInFlight))
	}
	if c.LaneMax < 1 || c.LaneMax > 100_000 {
		errs = append(errs, fmt.Errorf("lane_max: %d is outside 1 to 100000", c.LaneMax))
	}
	if c.LanePatience < time.Second {
		errs = append(errs, fmt.Errorf("lane_patience: %s is less than 1s", c.LanePatience))
	}
	if c.Retry.Initial < time.Millisecond {
		errs = append(errs, fmt.Errorf("retry.initial: %s is less than 1ms", c.Retry.Initial))
	}
	if c.Retry.Max < c.Retry.Initial {
		errs = append(errs, fmt.Errorf("retry.max: %s is less than retry.initial", c.Retry.Max))
	}
	if c.Retry.GiveUpAfter < 0 {
		errs = append(errs, fmt.Errorf("retry.give_up_after: %s is negative", c.Retry.GiveUpAfter))
	}
	return errors.Join(errs...)
}
