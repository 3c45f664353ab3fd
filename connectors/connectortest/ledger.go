package connectortest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"carillon/pipeline"
)

// errAway is why the emitter of the suite stores nothing.
var errAway = errors.New("the journal is away")

// ledger is the emitter of the suite. It stores, refuses or waits as it is told, and remembers everything. It is safe for
// concurrent use.
type ledger struct {
	unwrap func([]byte) string

	mu      sync.Mutex
	refuse  func(body string) bool // nil: nothing
	whole   bool                   // a refusal is an error for the whole call
	gate    chan struct{}          // closed: go on; nil: there is none
	entered chan struct{}          // closed when a call is at the gate
	inside  int                    // calls
	ended   bool                   // no call is allowed any more

	offered map[string]int
	stored  map[string]int
	order   []string // of what was stored, the first time each
	kept    []kept
	cut     int // calls whose context ended
	faults  []string
}

// kept is a body that was emitted, and what it was then.
type kept struct {
	body []byte
	was  string
}

func newLedger(unwrap func([]byte) string) *ledger {
	if unwrap == nil {
		unwrap = func(b []byte) string { return string(b) }
	}
	return &ledger{unwrap: unwrap, offered: map[string]int{}, stored: map[string]int{}}
}

// Emit implements pipeline.Emitter.
func (l *ledger) Emit(ctx context.Context, ns ...pipeline.Notification) error {
	gate := l.enter(ns)
	defer l.leave()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil {
		l.cut++
		return ctx.Err()
	}
	return l.judge(ns)
}

// enter notes what is offered and returns the gate to wait at.
func (l *ledger) enter(ns []pipeline.Notification) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside++
	if l.ended {
		l.faults = append(l.faults, "Emit was called after Run returned")
	}
	for _, n := range ns {
		l.offered[l.unwrap(n.Body)]++
		l.kept = append(l.kept, kept{body: n.Body, was: string(n.Body)})
	}
	if l.gate != nil && l.entered != nil {
		close(l.entered)
		l.entered = nil
	}
	return l.gate
}

func (l *ledger) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
}

// judge stores what is not refused. The caller holds mu.
func (l *ledger) judge(ns []pipeline.Notification) error {
	var failed []pipeline.IndexError
	for i, n := range ns {
		body := l.unwrap(n.Body)
		if l.refuse != nil && l.refuse(body) {
			failed = append(failed, pipeline.IndexError{Index: i, Err: errAway})
		}
	}
	if l.whole && failed != nil {
		return errAway
	}
	next := 0
	for i, n := range ns {
		if next < len(failed) && failed[next].Index == i {
			next++
			continue
		}
		l.store(l.unwrap(n.Body))
	}
	if failed != nil {
		return &pipeline.BatchError{Failed: failed}
	}
	return nil
}

func (l *ledger) store(body string) {
	if l.stored[body]++; l.stored[body] == 1 {
		l.order = append(l.order, body)
	}
}

// decide makes the ledger refuse from now on; whole as an error for the whole call, else by index. nil stores everything.
func (l *ledger) decide(refuse func(body string) bool, whole bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse, l.whole = refuse, whole
}

// block makes calls wait until open is called. entered is closed when the first one waits.
func (l *ledger) block() (entered <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gate, l.entered = make(chan struct{}), make(chan struct{})
	return l.entered
}

// open lets calls go on. It may be called when none waits.
func (l *ledger) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gate != nil {
		close(l.gate)
		l.gate = nil
	}
}

// end says whether calls are forbidden from now on, and returns how many are under way.
func (l *ledger) end(ended bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = ended
	return l.inside
}

// look calls f while nothing changes.
func (l *ledger) look(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// check fails t for every way in which the ledger was misused.
func (l *ledger) check(t T) {
	t.Helper()
	l.look(func() {
		for _, k := range l.kept {
			if string(k.body) != k.was {
				l.faults = append(l.faults, fmt.Sprintf("a body of %d bytes was changed after Emit was called", len(k.was)))
				break
			}
		}
		for _, f := range l.faults {
			t.Errorf("%s", f)
		}
	})
}
