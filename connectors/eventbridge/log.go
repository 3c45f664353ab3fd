package eventbridge

import (
	"errors"
	"log/slog"
	"net/http"

	"carillon/connectors/receive"
)

// The keys of what this package logs.
const (
	keyOutcome = "outcome"
	keyReason  = "reason"
	keyTrace   = "trace"
	keyCount   = "count"
	keyError   = "error"
)

// log reports each request at Debug, and one that was not stored at Warn: of each outcome and reason the first, then at most
// one line a minute with their number.
func (s *source) log(r *http.Request, how outcome, err error) {
	if s.set.Logger.Enabled(r.Context(), slog.LevelDebug) {
		s.set.Logger.DebugContext(r.Context(), "request", slog.String(keyTrace, receive.Trace(r.Header)), slog.String(keyOutcome, string(how)))
	}
	if how == stored || how == notRunning {
		return
	}
	because, denied := errors.AsType[denialError](err)
	count, write := s.repeats.Next(s.set.Clock(), string(how)+" "+string(because.denial))
	if !write {
		return
	}
	attrs := []any{slog.String(keyOutcome, string(how)), slog.Int(keyCount, count)}
	switch {
	case denied:
		attrs = append(attrs, slog.String(keyReason, string(because.denial)))
	case err != nil:
		attrs = append(attrs, slog.Any(keyError, err))
	}
	s.set.Logger.WarnContext(r.Context(), "requests were not stored", attrs...)
}
