package file

import (
	"errors"
	"strings"
)

// stdoutPath is the path that means standard output.
const stdoutPath = "-"

// Config is what the user says about a file sink.
type Config struct {
	// Path is the file to append to, relative to the working directory, or "-" for standard output. Required.
	Path string `koanf:"path"`
	// Fsync makes every batch wait until it is on the disk, so that a power loss takes nothing that was accepted. It is
	// slow, and for files only. Default false.
	Fsync bool `koanf:"fsync"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{} }

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	switch {
	case c.Path == "":
		errs = append(errs, errors.New(`path: required: a file such as ./events.ndjson, or "-" for standard output`))
	case strings.HasSuffix(c.Path, "/"):
		errs = append(errs, errors.New("path: names a folder, not a file"))
	case strings.ContainsRune(c.Path, 0):
		errs = append(errs, errors.New("path: holds a zero byte"))
	}
	if c.Fsync && c.Path == stdoutPath {
		errs = append(errs, errors.New("fsync: standard output cannot be synced to a disk"))
	}
	return errors.Join(errs...)
}
