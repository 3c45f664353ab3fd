package telemetry

import (
	"io"
	"log/slog"
)

// NewLogger returns a logger that writes to w as c says. terminal says whether a person is likely to read w.
func NewLogger(c LogConfig, w io.Writer, terminal bool) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.Level.Severity()}
	if c.Format == FormatText || (c.Format == FormatAuto && terminal) {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}
