package pipelinetest

import (
	"context"
	"errors"

	"carillon/pipeline"
)

// Source is a source that a test feeds by hand: New it goes into a router, Emit hands over what the test wants.
type Source struct {
	out   pipeline.Emitter
	ready chan struct{}
}

// NewSource returns a source that waits for its Run.
func NewSource() *Source { return &Source{ready: make(chan struct{})} }

// Run implements pipeline.Source.
func (s *Source) Run(ctx context.Context, out pipeline.Emitter) error {
	s.out = out
	close(s.ready)
	<-ctx.Done()
	return nil
}

// Emit hands bodies to the router as one call and returns its answer.
func (s *Source) Emit(ctx context.Context, bodies ...string) error {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return errors.Join(errors.New("source not started"), ctx.Err())
	}
	ns := make([]pipeline.Notification, len(bodies))
	for i, b := range bodies {
		ns[i].Body = []byte(b)
	}
	return s.out.Emit(ctx, ns...)
}
