package connectortest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// farSide is a receiver in memory.
type farSide struct {
	mu       sync.Mutex
	got      []chime.Identity
	refused  func(chime.Identity) bool
	cut      bool
	stalled  chan struct{} // closed to resume; nil: not stalled
	entered  chan struct{}
	hasEnter bool
}

// take accepts one event, or says why not.
func (f *farSide) take(ctx context.Context, id chime.Identity) error {
	if err := f.hold(ctx); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.cut:
		return errors.New("connection refused")
	case f.refused != nil && f.refused(id):
		return errors.New("refused")
	}
	f.got = append(f.got, id)
	return nil
}

func (f *farSide) hold(ctx context.Context) error {
	f.mu.Lock()
	stalled := f.stalled
	if stalled != nil && !f.hasEnter {
		f.hasEnter = true
		close(f.entered)
	}
	f.mu.Unlock()
	if stalled == nil {
		return ctx.Err()
	}
	select {
	case <-stalled:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *farSide) accepted() []chime.Identity {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func (f *farSide) refuse(refused func(chime.Identity) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = refused
}

func (f *farSide) setCut(cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = cut
}

func (f *farSide) stall() Stalled {
	f.mu.Lock()
	defer f.mu.Unlock()
	stalled := make(chan struct{})
	f.stalled, f.entered, f.hasEnter = stalled, make(chan struct{}), false
	var once sync.Once
	return Stalled{Entered: f.entered, Resume: func() {
		once.Do(func() {
			f.mu.Lock()
			f.stalled = nil
			f.mu.Unlock()
			close(stalled)
		})
	}}
}

// driver drives f with the sinks that open makes.
func (f *farSide) driver(open func() pipeline.Sink) SinkDriver {
	return SinkDriver{
		Open: open, Accepted: f.accepted, Refuse: f.refuse, Stall: f.stall, Secrets: []string{"password"},
		Cut: func() func() {
			f.setCut(true)
			return func() { f.setCut(false) }
		},
	}
}

// honest is a sink without a fault. The broken ones are made of it.
type honest struct {
	far    *farSide
	batch  int
	writes *semaphore.Weighted // a Write holds 1 of it, Close waits for all
}

const allWrites = 1 << 30

func newHonest(far *farSide, batch int) *honest {
	return &honest{far: far, batch: batch, writes: semaphore.NewWeighted(allWrites)}
}

func (s *honest) MaxBatch() int { return s.batch }

func (s *honest) Write(ctx context.Context, es []pipeline.Event) error {
	if err := s.writes.Acquire(context.WithoutCancel(ctx), 1); err != nil {
		return err
	}
	defer s.writes.Release(1)
	return s.each(es, func(e pipeline.Event) error { return s.far.take(ctx, e.ID) })
}

// each calls send for the events, and for none of a meeting after its first failure.
func (s *honest) each(es []pipeline.Event, send func(pipeline.Event) error) error {
	var failed []pipeline.IndexError
	stuck := map[string]bool{}
	for i, e := range es {
		err := errors.New("not sent")
		if !stuck[e.Key] {
			err = send(e)
		}
		if err != nil {
			stuck[e.Key] = true
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
		}
	}
	if failed != nil {
		return &pipeline.BatchError{Failed: failed}
	}
	return nil
}

func (s *honest) Close(ctx context.Context) error {
	if err := s.writes.Acquire(ctx, allWrites); err != nil {
		return err
	}
	s.writes.Release(allWrites)
	return nil
}
