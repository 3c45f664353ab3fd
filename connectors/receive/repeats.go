package receive

import (
	"sync"
	"time"
)

// Repeats thins log lines that say the same: the first is written, then at most one per interval, with how many there were.
type Repeats struct {
	every time.Duration
	mu    sync.Mutex
	seen  map[string]repeat
}

type repeat struct {
	written time.Time
	count   int
}

// NewRepeats returns a Repeats that lets a line through once per interval.
func NewRepeats(every time.Duration) *Repeats {
	return &Repeats{every: every, seen: map[string]repeat{}}
}

// Next counts one more line of the given key and reports whether to write it, and how many it stands for. Keys must come
// from a closed set: each is remembered for good.
func (r *Repeats) Next(now time.Time, key string) (count int, write bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.seen[key]
	last.count++
	elapsed := now.Sub(last.written)
	if known && elapsed >= 0 && elapsed < r.every {
		r.seen[key] = last
		return 0, false
	}
	r.seen[key] = repeat{written: now}
	return last.count, true
}
