package dedupe

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// maxTolerance bounds the tolerance: nobody joins, leaves and joins again in the time that copies may differ by.
const maxTolerance = 10 * time.Second

var groupForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Config is the part of the configuration under identity: what counts as a copy of an event.
type Config struct {
	// TimeTolerance is by how much the timestamps of copies over different sources may differ, 0s to 10s in whole
	// milliseconds. 0s (the default) takes them to be equal on all paths. Larger than 0s, two real events of one kind about one
	// attendee that are this close may become one; see carillon_dedupe_suspected_splits_total for whether it is needed.
	TimeTolerance time.Duration `koanf:"time_tolerance"`
}

// SourceConfig holds the key under sources.<id>: that every source understands.
type SourceConfig struct {
	// Group names the sources that should all bring the same events: each is expected to bring what another of its group
	// brought, and counts as having missed it otherwise. A lower-case letter, then up to 31 of a-z, 0-9, "_" and "-". By
	// default all sources are in the group "all".
	Group string `koanf:"group"`
}

// DefaultConfig returns the defaults of identity:.
func DefaultConfig() Config { return Config{} }

// DefaultSource returns the defaults of what every source understands.
func DefaultSource() SourceConfig { return SourceConfig{Group: "all"} }

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	if c.TimeTolerance < 0 || c.TimeTolerance > maxTolerance {
		return fmt.Errorf("time_tolerance: %s is outside 0s to %s", c.TimeTolerance, maxTolerance)
	}
	if c.TimeTolerance%time.Millisecond != 0 {
		return fmt.Errorf("time_tolerance: %s is not a whole number of milliseconds", c.TimeTolerance)
	}
	return nil
}

// Validate joins every problem; each begins with its key path.
func (c *SourceConfig) Validate() error {
	if !groupForm.MatchString(c.Group) {
		return errors.New(`group: want a lower-case letter, then up to 31 of a-z, 0-9, "_" and "-"`)
	}
	return nil
}
