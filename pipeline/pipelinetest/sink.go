package pipelinetest

import (
	"context"
	"slices"
	"sync"

	"carillon/pipeline"
)

// Sink is a sink that remembers what it accepted. The zero value accepts everything. It is safe for concurrent use.
type Sink struct {
	mu       sync.Mutex
	accepted []pipeline.Event
	decide   func(pipeline.Event) error
	change   chan struct{}
	closed   bool
}

// Decide makes f answer for each event from now on: nil accepts it. nil as f accepts everything. f may block.
func (s *Sink) Decide(f func(pipeline.Event) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decide = f
}

// Write implements pipeline.Sink.
func (s *Sink) Write(ctx context.Context, events []pipeline.Event) error {
	for i, e := range events {
		s.mu.Lock()
		decide := s.decide
		s.mu.Unlock()
		err := ctx.Err()
		if err == nil && decide != nil {
			err = decide(e)
		}
		if err != nil {
			return failFrom(i, len(events), err)
		}
		s.accept(e)
	}
	return nil
}

// failFrom fails everything from index i on.
func failFrom(i, n int, err error) error {
	b := &pipeline.BatchError{}
	for ; i < n; i++ {
		b.Failed = append(b.Failed, pipeline.IndexError{Index: i, Err: err})
	}
	return b
}

func (s *Sink) accept(e pipeline.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = append(s.accepted, e)
	if s.change != nil {
		close(s.change)
		s.change = nil
	}
}

// Close implements pipeline.Sink.
func (s *Sink) Close(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// Closed reports whether Close was called.
func (s *Sink) Closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Accepted returns what was accepted so far, in order.
func (s *Sink) Accepted() []pipeline.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

// Wait returns once n events are accepted, or with the error of ctx.
func (s *Sink) Wait(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		if len(s.accepted) >= n {
			s.mu.Unlock()
			return nil
		}
		if s.change == nil {
			s.change = make(chan struct{})
		}
		change := s.change
		s.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
