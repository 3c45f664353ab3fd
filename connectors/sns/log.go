package sns

import (
	"errors"
	"log/slog"
)

// The keys of what this package logs.
const (
	keyOutcome = "outcome"
	keyReason  = "reason"
	keyTopic   = "topic"
	keyCount   = "count"
	keyError   = "error"
)

func (s *source) logConfirmed(t topic) {
	s.set.Logger.Info("subscription confirmed", slog.String(keyTopic, t.arn))
}

func (s *source) logUnconfirmed(t topic) {
	s.set.Logger.Warn("a subscription waits to be confirmed, but confirm is false", slog.String(keyTopic, t.arn))
}

func (s *source) logUnsubscribed(t topic) {
	s.set.Logger.Warn("a subscription was ended, nothing more will come from it", slog.String(keyTopic, t.arn))
}

// logFailure reports a request that was not taken: of each outcome and reason the first, then at most one line a minute with
// their number. Nothing of a message that was refused gets into the log.
func (s *source) logFailure(how outcome, err error) {
	if err == nil {
		return
	}
	key := string(how)
	attrs := []any{slog.String(keyOutcome, string(how))}
	if because, ok := errors.AsType[*refusal](err); ok {
		key += " " + string(because.reason)
		attrs = append(attrs, slog.String(keyReason, string(because.reason)))
	} else {
		attrs = append(attrs, slog.Any(keyError, err))
	}
	count, write := s.repeats.Next(s.set.Clock(), key)
	if write {
		s.set.Logger.Warn("requests were not taken", append(attrs, slog.Int(keyCount, count))...)
	}
}
