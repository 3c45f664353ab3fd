package stdout

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"carillon/connectors/lines"
	"carillon/pipeline"
)

// Options is what the code, not the user, may change.
type Options struct {
	// Stdout is where the lines go. It is not closed. Default: a second descriptor of the process's standard output.
	Stdout io.Writer
}

// Factory declares the sink.
func Factory() pipeline.SinkFactory { return FactoryWith(Options{}) }

// FactoryWith declares the sink with options.
func FactoryWith(options Options) pipeline.SinkFactory {
	return pipeline.NewSinkFactory("stdout", DefaultConfig, func(cfg Config, set pipeline.Settings) (pipeline.Sink, error) {
		return newSink(cfg, set, options), nil
	})
}

func newSink(cfg Config, set pipeline.Settings, options Options) pipeline.Sink {
	open := openStdout
	if options.Stdout != nil {
		open = func() (lines.Handle, bool, error) { return lines.Stream{Writer: options.Stdout}, false, nil }
	}
	return lines.New(lines.Options{
		Component: "stdout", Name: set.ID, Format: cfg.Format, Sync: lines.SyncNever, Open: open, Fatal: unread,
		Check: func(context.Context) (string, error) { return "standard output", nil },
	}, set)
}

// unread reports whether nobody will ever read what is written.
func unread(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}
