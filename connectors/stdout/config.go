package stdout

import (
	"fmt"

	"carillon/connectors/format"
	"carillon/connectors/lines"
)

// Config is what the user says about a stdout sink.
type Config struct {
	// Format is what a line holds: json, raw, eventbridge or cloudevents; see package format. Default json.
	Format format.Format `koanf:"format"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{Format: format.JSON} }

// Validate begins what it finds with the key path.
func (c *Config) Validate() error {
	if err := c.Format.Validate(lines.Formats()...); err != nil {
		return fmt.Errorf("format: %w", err)
	}
	return nil
}
