package eventbridge

import "log/slog"

// The keys of what this package logs.
const (
	keyOutcome = "outcome"
	keyCount   = "count"
	keyError   = "error"
)

// log reports a request that was not stored: of each outcome the first, then at most one line a minute with their number.
func (s *source) log(how outcome, err error) {
	if how == stored || how == notRunning {
		return
	}
	count, write := s.repeats.Next(s.set.Clock(), string(how))
	if !write {
		return
	}
	attrs := []any{slog.String(keyOutcome, string(how)), slog.Int(keyCount, count)}
	if err != nil {
		attrs = append(attrs, slog.Any(keyError, err))
	}
	s.set.Logger.Warn("requests were not stored", attrs...)
}
