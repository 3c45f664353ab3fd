package sns

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"carillon/connectors/receive"
)

// The keys of what this package logs.
const (
	keyOutcome = "outcome"
	keyReason  = "reason"
	keyTopic   = "topic"
	keyCount   = "count"
	keyError   = "error"
	keyTrace   = "trace"
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

// logNotSubscribed reports a failure once, then at most one a minute.
func (s *source) logNotSubscribed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if count, write := s.repeats.Next(s.set.Clock(), "subscribe"); write {
		s.set.Logger.WarnContext(ctx, "not subscribed yet", slog.Any(keyError, err), slog.Int(keyCount, count))
	}
}

// logRequest writes a line for each request at Debug.
func (s *source) logRequest(r *http.Request, how outcome) {
	if s.set.Logger.Enabled(r.Context(), slog.LevelDebug) {
		s.set.Logger.DebugContext(r.Context(), "request", slog.String(keyTrace, receive.Trace(r.Header)), slog.String(keyOutcome, string(how)))
	}
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
