package lines

import "log/slog"

// The keys of what this package logs.
const (
	keyReason = "reason"
	keyError  = "error"
)

func reason(why string) slog.Attr { return slog.String(keyReason, why) }

func failure(err error) slog.Attr { return slog.Any(keyError, err) }
