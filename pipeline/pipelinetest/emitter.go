// Package pipelinetest holds what tests of stages and connectors share: fakes with a memory, and a real JetStream server.
package pipelinetest

import (
	"context"
	"slices"
	"sync"

	"carillon/pipeline"
)

// Emitter is a fake of ingest that remembers what it stored. The zero value stores everything at once. It is safe for
// concurrent use.
type Emitter struct {
	mu     sync.Mutex
	stored []pipeline.Notification
	decide func(pipeline.Notification) error
	change chan struct{}
}

// Decide makes f answer for each notification from now on: nil stores it. nil as f stores everything. f may block.
func (e *Emitter) Decide(f func(pipeline.Notification) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.decide = f
}

// Emit implements pipeline.Emitter.
func (e *Emitter) Emit(ctx context.Context, ns ...pipeline.Notification) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	decide := e.decide
	e.mu.Unlock()
	var failed []pipeline.IndexError
	for i, n := range ns {
		if decide != nil {
			if err := decide(n); err != nil {
				failed = append(failed, pipeline.IndexError{Index: i, Err: err})
				continue
			}
		}
		e.store(n)
	}
	if len(failed) > 0 {
		return &pipeline.BatchError{Failed: failed}
	}
	return nil
}

func (e *Emitter) store(n pipeline.Notification) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stored = append(e.stored, n)
	if e.change != nil {
		close(e.change)
		e.change = nil
	}
}

// Stored returns what was stored so far, in order.
func (e *Emitter) Stored() []pipeline.Notification {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.stored)
}

// Wait returns once n notifications are stored, or with the error of ctx.
func (e *Emitter) Wait(ctx context.Context, n int) error {
	for {
		e.mu.Lock()
		if len(e.stored) >= n {
			e.mu.Unlock()
			return nil
		}
		if e.change == nil {
			e.change = make(chan struct{})
		}
		change := e.change
		e.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
