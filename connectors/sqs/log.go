package sqs

import (
	"log/slog"
	"sync"
)

// The keys of what this package logs.
const (
	keyQueue      = "queue"
	keyTask       = "task"
	keyError      = "error"
	keyCount      = "count"
	keyMessage    = "message_id"
	keyReceives   = "receives"
	keyGroup      = "message_group"
	keyAttributes = "attributes"
)

// streak logs a run of failures of one kind as two lines: when it begins, and when it is over. It is safe for concurrent
// use.
type streak struct {
	log *slog.Logger

	mu    sync.Mutex
	count int
}

func newStreak(log *slog.Logger, queue, task string) *streak {
	return &streak{log: log.With(slog.String(keyQueue, queue), slog.String(keyTask, task))}
}

// failed notes a failure; the first one after a success is logged.
func (s *streak) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count++; s.count == 1 {
		s.log.Warn("the queue cannot be served now, trying again", slog.Any(keyError, err))
	}
}

// ok notes a success; the first one after failures is logged with their number.
func (s *streak) ok() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == 0 {
		return
	}
	s.log.Info("the queue is served again", slog.Int(keyCount, s.count))
	s.count = 0
}
