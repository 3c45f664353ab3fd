package connectortest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"carillon/pipeline"
)

// mailbox is a queue in memory.
type mailbox struct {
	mu         sync.Mutex
	letters    []letter
	gone       bool
	complaints []string
	changed    chan struct{}
}

// letter is one notification in a mailbox. Its number is its handle.
type letter struct {
	body   string
	number int
	taken  bool
	done   bool
}

func newMailbox() *mailbox { return &mailbox{changed: make(chan struct{})} }

// change does f and wakes who waits.
func (m *mailbox) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	close(m.changed)
	m.changed = make(chan struct{})
}

func (m *mailbox) put(bodies ...string) {
	m.change(func() {
		for _, b := range bodies {
			m.letters = append(m.letters, letter{body: b, number: len(m.letters)})
		}
	})
}

// take waits for letters and hands out at most n.
func (m *mailbox) take(ctx context.Context, n int) ([]letter, error) {
	for {
		out, changed, err := m.look(n)
		if err != nil || len(out) > 0 {
			return out, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (m *mailbox) look(n int) ([]letter, <-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return nil, nil, errors.New("nobody is there; the password is password")
	}
	var out []letter
	for i := range m.letters {
		if l := &m.letters[i]; !l.taken && !l.done && len(out) < n {
			l.taken = true
			out = append(out, *l)
		}
	}
	return out, m.changed, nil
}

func (m *mailbox) acknowledge(ls ...letter) {
	m.change(func() {
		for _, l := range ls {
			if m.letters[l.number].done {
				m.complaints = append(m.complaints, fmt.Sprintf("letter %d is acknowledged again", l.number))
			}
			m.letters[l.number].done = true
		}
	})
}

func (m *mailbox) again() {
	m.change(func() {
		for i := range m.letters {
			m.letters[i].taken = false
		}
	})
}

func (m *mailbox) cut() func() {
	m.change(func() { m.gone = true })
	return func() { m.change(func() { m.gone = false }) }
}

func (m *mailbox) pending() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, l := range m.letters {
		if !l.done {
			out = append(out, l.body)
		}
	}
	return out
}

func (m *mailbox) taken() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, l := range m.letters {
		if l.taken && !l.done {
			n++
		}
	}
	return n
}

// driver drives m with the sources that open makes.
func (m *mailbox) driver(open func(set pipeline.Settings, at string) (pipeline.Source, error)) SourceDriver {
	return SourceDriver{
		Open:          func(set pipeline.Settings) (pipeline.Source, error) { return open(set, home) },
		Misplace:      func(set pipeline.Settings) (pipeline.Source, error) { return open(set, "nowhere") },
		MisplacedName: "nowhere", Put: m.put, Pending: m.pending, Taken: m.taken, MostTaken: 8, Again: m.again, Cut: m.cut,
		Complaints: func() []string { return m.complaints }, Drain: drain, Ordered: true,
		Secrets: []string{"password"}, Close: func() {},
	}
}
