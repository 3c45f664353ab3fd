package file

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"carillon/connectors/format"
	"carillon/connectors/lines"
	"carillon/pipeline"
)

const (
	minInterval = 10 * time.Millisecond
	maxInterval = time.Hour
	minSize     = 4 * pipeline.KiB
	minAge      = time.Minute
	maxKeep     = 100_000
)

// Config is what the user says about a file sink.
type Config struct {
	// Path is the file to append to, relative to the working directory. Required.
	Path string `koanf:"path"`
	// Format is what a line holds: json, raw, eventbridge or cloudevents; see package format. Default json.
	Format format.Format `koanf:"format"`
	// Fsync says when events are on the disk: always before they are accepted, which is slow, with interval soon after, with
	// never when the system likes. Default interval.
	Fsync lines.Sync `koanf:"fsync"`
	// FsyncInterval is how long soon is: 10ms to 1h, only with fsync: interval. Default 1s.
	FsyncInterval time.Duration `koanf:"fsync_interval"`
	// Rotate says when to go on in a new file. By default never.
	Rotate RotateConfig `koanf:"rotate"`
}

// RotateConfig says when to go on in a new file.
type RotateConfig struct {
	// MaxSize is how large a file may get; only a single batch may be larger. 4KiB or more, or 0: any size. Default 0.
	MaxSize pipeline.Size `koanf:"max_size"`
	// MaxAge is the span of time that a file is for, such as 24h for the days of UTC. 1m or more, or 0: for ever. Default 0.
	MaxAge time.Duration `koanf:"max_age"`
	// Keep is how many files are kept beside the one that is written: the oldest are removed. 0 to 100000; 0: all. Default 0.
	Keep int `koanf:"keep"`
}

func (c *RotateConfig) isZero() bool { return c.MaxSize == 0 && c.MaxAge == 0 }

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Format: format.JSON, Fsync: lines.SyncInterval, FsyncInterval: time.Second}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	switch {
	case c.Path == "":
		errs = append(errs, errors.New("path: required: a file such as ./events.ndjson"))
	case c.Path == "-":
		errs = append(errs, errors.New("path: standard output has a sink of its own: type: stdout"))
	case strings.HasSuffix(c.Path, "/"):
		errs = append(errs, errors.New("path: names a folder, not a file"))
	case strings.ContainsRune(c.Path, 0):
		errs = append(errs, errors.New("path: holds a zero byte"))
	}
	if err := c.Format.Validate(lines.Formats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	switch c.Fsync {
	case lines.SyncAlways, lines.SyncInterval, lines.SyncNever:
	default:
		errs = append(errs, fmt.Errorf("fsync: %q is not always, interval or never", string(c.Fsync)))
	}
	if c.FsyncInterval < minInterval || c.FsyncInterval > maxInterval {
		errs = append(errs, fmt.Errorf("fsync_interval: %s is outside %s to %s", c.FsyncInterval, minInterval, maxInterval))
	}
	return errors.Join(append(errs, c.Rotate.validate()...)...)
}

func (c *RotateConfig) validate() []error {
	var errs []error
	if c.MaxSize != 0 && c.MaxSize < minSize {
		errs = append(errs, fmt.Errorf("rotate.max_size: %s is less than %s", c.MaxSize, minSize))
	}
	if c.MaxAge != 0 && c.MaxAge < minAge {
		errs = append(errs, fmt.Errorf("rotate.max_age: %s is less than %s", c.MaxAge, minAge))
	}
	if c.Keep < 0 || c.Keep > maxKeep {
		errs = append(errs, fmt.Errorf("rotate.keep: %d is outside 0 to %d", c.Keep, maxKeep))
	}
	if c.Keep > 0 && c.isZero() {
		errs = append(errs, errors.New("rotate.keep: needs rotate.max_size or rotate.max_age"))
	}
	return errs
}
