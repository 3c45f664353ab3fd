package telemetry

import (
	"errors"
	"fmt"
	"log/slog"
)

// Level is the least severe log line that is written.
type Level string

const (
	// LevelDebug adds a line per event.
	LevelDebug Level = "debug"
	// LevelInfo adds changes of state.
	LevelInfo Level = "info"
	// LevelWarn adds what an operator should look at soon.
	LevelWarn Level = "warn"
	// LevelError is only what needs an operator now.
	LevelError Level = "error"
)

// Format is how log lines look.
type Format string

const (
	// FormatAuto is text on a terminal and json everywhere else.
	FormatAuto Format = "auto"
	// FormatText is one line of key=value pairs.
	FormatText Format = "text"
	// FormatJSON is one JSON object per line.
	FormatJSON Format = "json"
)

// LogConfig is the part of the configuration under log:.
type LogConfig struct {
	// Level is the least severe line that is written: debug, info, warn or error.
	Level Level `koanf:"level"`
	// Format is text, json or auto (text on a terminal, json otherwise).
	Format Format `koanf:"format"`
}

// DefaultLog returns the defaults of log:.
func DefaultLog() LogConfig { return LogConfig{Level: LevelInfo, Format: FormatAuto} }

// Validate joins every problem; each begins with its key path.
func (c *LogConfig) Validate() error {
	var errs []error
	if _, ok := c.Level.severity(); !ok {
		errs = append(errs, fmt.Errorf("level: %q is none of debug, info, warn, error", c.Level))
	}
	switch c.Format {
	case FormatAuto, FormatText, FormatJSON:
	default:
		errs = append(errs, fmt.Errorf("format: %q is none of auto, text, json", c.Format))
	}
	return errors.Join(errs...)
}

// Severity returns the level as log/slog knows it; slog.LevelInfo for one that Validate refuses.
func (l Level) Severity() slog.Level {
	s, _ := l.severity()
	return s
}

func (l Level) severity() (slog.Level, bool) {
	switch l {
	case LevelDebug:
		return slog.LevelDebug, true
	case LevelInfo:
		return slog.LevelInfo, true
	case LevelWarn:
		return slog.LevelWarn, true
	case LevelError:
		return slog.LevelError, true
	}
	return slog.LevelInfo, false
}
