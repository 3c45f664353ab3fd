package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"carillon/pipeline/telemetry"
)

// teardown is a stack of named steps that undo a start. It is safe for concurrent use.
type teardown struct {
	mu    sync.Mutex
	steps []teardownStep
}

type teardownStep struct {
	name string
	run  func(context.Context) error
}

func (t *teardown) add(name string, run func(context.Context) error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps = append(t.steps, teardownStep{name, run})
}

// run calls the steps, last in first out, each once however often run is called, and joins their errors.
func (t *teardown) run(ctx context.Context, logger *slog.Logger) error {
	t.mu.Lock()
	steps := t.steps
	t.steps = nil
	t.mu.Unlock()
	var errs []error
	for _, s := range slices.Backward(steps) {
		logger.DebugContext(ctx, "stopping", telemetry.Step(s.name))
		if err := s.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", s.name, err))
		}
	}
	return errors.Join(errs...)
}
