package deliver

import (
	"errors"
	"fmt"
	"time"

	"carillon/pipeline/filter"
	"carillon/pipeline/journal"
)

// Start says where a sink begins that was never configured before.
type Start string

const (
	// StartNow begins with the events that come after the sink was added.
	StartNow Start = "now"
	// StartEarliest begins with the oldest event that is kept.
	StartEarliest Start = "earliest"
)

// place returns where that is. Anything else than the two words is a time in the form of RFC 3339.
func (s Start) place() (journal.Start, error) {
	switch s {
	case StartNow:
		return journal.Start{}, nil
	case StartEarliest:
		return journal.Start{Earliest: true}, nil
	}
	since, err := time.Parse(time.RFC3339, string(s))
	if err != nil {
		return journal.Start{}, fmt.Errorf("%q is neither now nor earliest nor a time such as 2026-01-05T10:00:00Z", string(s))
	}
	return journal.Start{Since: since}, nil
}

// OnDead says what becomes of a meeting when one of its events went to the dead letters.
type OnDead string

const (
	// OnDeadContinue sends the next event.
	OnDeadContinue OnDead = "continue"
	// OnDeadPark sends nothing more of the meeting until its dead letters were redriven or dropped.
	OnDeadPark OnDead = "park"
)

// Config is what every sink understands beside its own keys.
type Config struct {
	// Start is where a new sink begins: now, earliest, or a time in the form of RFC 3339, which is the first event that was stored
	// then or later. It has no effect on a sink that has delivered before.
	Start Start `koanf:"start"`
	// Kinds keeps only events whose kind matches one of these patterns (* matches any run of characters). Empty: all.
	Kinds []string `koanf:"kinds"`
	// Exclude drops events whose kind matches one of these patterns. Empty: none.
	Exclude []string `koanf:"exclude"`
	// Where keeps only events for which this CEL expression is true; see package filter for what it may use. Empty: all.
	Where string `koanf:"where"`
	// MaxInFlight is how many calls to the far side run at once, each for another meeting. 1 to 4096.
	MaxInFlight int `koanf:"max_in_flight"`
	// LaneMax is how many events of one meeting wait in memory. A meeting that has more is parked: it is read again from the
	// journal when its turn comes, and holds nobody up. 1 to 100000.
	LaneMax int `koanf:"lane_max"`
	// LanePatience is how long a meeting whose next event is refused stays in memory before it is parked. 1s or more.
	LanePatience time.Duration `koanf:"lane_patience"`
	// Retry says how long and how often a refused event is tried again.
	Retry RetryConfig `koanf:"retry"`
	// OnDead is what becomes of a meeting when one of its events went to the dead letters: continue with the next one, or park
	// the meeting until its dead letters were redriven or dropped.
	OnDead OnDead `koanf:"on_dead"`
	// Guard holds a sink back that rejects too much.
	Guard GuardConfig `koanf:"guard"`
}

// RetryConfig shapes the exponential backoff, with full jitter, of one meeting's lane.
type RetryConfig struct {
	// Initial is the upper bound of the first pause, 1ms or more.
	Initial time.Duration `koanf:"initial"`
	// Max is the upper bound of any pause, at least initial.
	Max time.Duration `koanf:"max"`
	// GiveUpAfter is how long after its first attempt an event goes to the dead letters, not counting the time in which the sink
	// accepted nothing from anybody. 0: never.
	GiveUpAfter time.Duration `koanf:"give_up_after"`
}

// DefaultConfig returns the defaults of the keys that every sink understands.
func DefaultConfig() Config {
	return Config{
		Start: StartNow, MaxInFlight: 64, LaneMax: 1000, LanePatience: time.Minute,
		Retry:  RetryConfig{Initial: 200 * time.Millisecond, Max: time.Minute, GiveUpAfter: 24 * time.Hour},
		OnDead: OnDeadContinue, Guard: GuardConfig{Last: 50, Share: 0.5},
	}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if _, err := c.Start.place(); err != nil {
		errs = append(errs, fmt.Errorf("start: %w", err))
	}
	errs = append(errs, c.validateFilter())
	if c.OnDead != OnDeadContinue && c.OnDead != OnDeadPark {
		errs = append(errs, fmt.Errorf("on_dead: %q is neither continue nor park", c.OnDead))
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
	errs = append(errs, c.Guard.validate(), c.Retry.validate())
	return errors.Join(errs...)
}

// validateFilter joins the problems of kinds, exclude and where.
func (c *Config) validateFilter() error {
	errs := []error{checkPatterns("kinds", c.Kinds), checkPatterns("exclude", c.Exclude)}
	if c.Where == "" {
		return errors.Join(errs...)
	}
	_, err := filter.Compile(c.Where)
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			errs = append(errs, fmt.Errorf("where: %w", one))
		}
	} else if err != nil {
		errs = append(errs, fmt.Errorf("where: %w", err))
	}
	return errors.Join(errs...)
}

func checkPatterns(name string, list []string) error {
	var errs []error
	for i, pattern := range list {
		if !filter.ValidPattern(pattern) {
			errs = append(errs, fmt.Errorf("%s[%d]: %q is not a pattern such as chime:Attendee*", name, i, pattern))
		}
	}
	return errors.Join(errs...)
}

func (c *RetryConfig) validate() error {
	var errs []error
	if c.Initial < time.Millisecond {
		errs = append(errs, fmt.Errorf("retry.initial: %s is less than 1ms", c.Initial))
	}
	if c.Max < c.Initial {
		errs = append(errs, fmt.Errorf("retry.max: %s is less than retry.initial", c.Max))
	}
	if c.GiveUpAfter < 0 {
		errs = append(errs, fmt.Errorf("retry.give_up_after: %s is negative", c.GiveUpAfter))
	}
	return errors.Join(errs...)
}
