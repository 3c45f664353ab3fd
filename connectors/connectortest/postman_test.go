package connectortest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"carillon/pipeline"
)

const (
	home = "home"
	// drain is how long a postman gives what is in hand; a check looks at a stop for less.
	drain = 8 * moment
)

// postman is a source without a fault. The broken ones have one of its steps replaced.
type postman struct {
	box *mailbox
	set pipeline.Settings

	start func(context.Context) error
	run   func(ctx context.Context, out pipeline.Emitter) error
	take  func(context.Context) ([]letter, error)
	store func(work context.Context, out pipeline.Emitter, ls []letter)
	retry func(error) error // nil: go on
	limit func(ctx context.Context) (work context.Context, end func())
}

func newPostman(box *mailbox, set pipeline.Settings, at string) *postman {
	p := &postman{box: box, set: set}
	p.start = func(context.Context) error {
		if at != home {
			return fmt.Errorf("finding %q: no such place", at)
		}
		return nil
	}
	p.take = func(ctx context.Context) ([]letter, error) { return box.take(ctx, 8) }
	p.run, p.limit, p.store = p.serve, limitDrain, p.emit
	p.retry = func(error) error { return nil }
	return p
}

func (p *postman) Start(ctx context.Context) error { return p.start(ctx) }

func (p *postman) Run(ctx context.Context, out pipeline.Emitter) error { return p.run(ctx, out) }

// serve takes, stores and acknowledges until ctx ends.
func (p *postman) serve(ctx context.Context, out pipeline.Emitter) error {
	work, end := p.limit(ctx)
	defer end()
	for ctx.Err() == nil {
		ls, err := p.take(ctx)
		if err == nil {
			p.store(work, out, ls)
			continue
		}
		if ctx.Err() == nil {
			if err := p.retry(err); err != nil {
				return err
			}
			rest(ctx)
		}
	}
	return nil
}

// rest is the pause before the far side is asked again.
func rest(ctx context.Context) {
	timer := time.NewTimer(time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// limitDrain returns a context that ends some time after ctx.
func limitDrain(ctx context.Context) (context.Context, func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-ctx.Done():
		case <-work.Done():
			return
		}
		timer := time.NewTimer(drain)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-work.Done():
		}
	})
	return work, func() {
		cancel()
		waiting.Wait()
	}
}

func notifications(ls []letter) []pipeline.Notification {
	ns := make([]pipeline.Notification, len(ls))
	for i, l := range ls {
		ns[i] = pipeline.Notification{Body: []byte(l.body), Received: time.Now()}
	}
	return ns
}

// emit stores letters and acknowledges those that are.
func (p *postman) emit(work context.Context, out pipeline.Emitter, ls []letter) {
	p.settle(ls, out.Emit(work, notifications(ls)...))
}

func (p *postman) settle(ls []letter, err error) {
	for i, err := range pipeline.FailedAt(err, len(ls)) {
		if err == nil {
			p.box.acknowledge(ls[i])
		}
	}
}
