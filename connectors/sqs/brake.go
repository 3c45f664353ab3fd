package sqs

import (
	"sync"
	"time"
)

// brake says whether the journal takes what it is offered, and until when to leave it alone. While it is on there is one poll
// at a time, which waits for its outcome: what is received and not stored wears out its receives. It has no goroutine and no
// clock. It is safe for concurrent use.
type brake struct {
	mu     sync.Mutex
	pauses *pauses
	on     bool
	until  time.Time
	stored int
}

func newBrake() *brake { return &brake{pauses: newPauses()} }

// pull notes that the journal did not store something at now and asked to be left alone for least. Failures of calls that ran
// side by side are one failure: only those after the pause make the next one longer.
func (b *brake) pull(now time.Time, least time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	until := now.Add(least)
	if !b.on || !now.Before(b.until) {
		until = now.Add(b.pauses.next(least))
	}
	b.on = true
	if until.After(b.until) {
		b.until = until
	}
}

// release notes that the journal stored all of a call.
func (b *brake) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on, b.until = false, time.Time{}
	b.stored++
	b.pauses.reset()
}

// releases returns how often the journal stored all of a call.
func (b *brake) releases() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stored
}

// left returns how long to leave the journal alone from now on, and whether the brake is on.
func (b *brake) left(now time.Time) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.until.Sub(now)), b.on
}
