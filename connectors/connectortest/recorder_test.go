package connectortest

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// recorder is a T that remembers failures instead of failing.
type recorder struct {
	mu       sync.Mutex
	failures []string
	logs     []string
}

func (r *recorder) Helper() {}

func (r *recorder) Logf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) FailNow() { runtime.Goexit() }

// observe runs c on its own goroutine, because FailNow ends it, and returns what failed.
func observe(c check, d SinkDriver, patience time.Duration) *recorder {
	rec := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.on(rec, d, patience)
	}()
	<-done
	return rec
}
