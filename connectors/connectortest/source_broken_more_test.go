package connectortest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"carillon/pipeline"
)

const (
	keyBody  = "body"
	keyError = "error"
)

func bodyFaults() []sourceFault {
	const (
		early   = "was acknowledged and not stored"
		changed = "was not put like this"
	)
	readable := func(l letter) bool { return json.Valid([]byte(l.body)) }
	return []sourceFault{
		{
			"loses the last of a full batch", early,
			[]string{"everything"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				_ = out.Emit(work, notifications(ls[:min(len(ls), 7)])...)
				p.box.acknowledge(ls...)
			}),
		},
		{
			"trims bodies", changed,
			[]string{"unreadable_bodies"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				ns := notifications(ls)
				for i := range ns {
					ns[i].Body = []byte(strings.TrimSpace(string(ns[i].Body)))
				}
				p.settle(ls, out.Emit(work, ns...))
			}),
		},
		{
			"drops what it cannot read", early,
			[]string{"unreadable_bodies"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				p.emit(work, out, slices.DeleteFunc(slices.Clone(ls), func(l letter) bool { return !readable(l) }))
				p.box.acknowledge(slices.DeleteFunc(slices.Clone(ls), readable)...)
			}),
		},
		{
			"leaves what it cannot read", "everything that was put is stored",
			[]string{"unreadable_bodies"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				p.emit(work, out, slices.DeleteFunc(ls, func(l letter) bool { return !readable(l) }))
			}),
		},
		{
			"uses a body again", "was changed after Emit was called",
			[]string{"everything"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				ns := notifications(ls)
				p.settle(ls, out.Emit(work, ns...))
				ns[0].Body[0] = '#'
			}),
		},
		{
			"reorders", "in place",
			[]string{"in_order"},
			func(p *postman, _ <-chan struct{}) {
				p.take = func(ctx context.Context) ([]letter, error) {
					ls, err := p.box.take(ctx, 8)
					slices.Reverse(ls)
					return ls, err
				}
			},
		},
	}
}

func takeFaults() []sourceFault {
	return []sourceFault{
		{
			"takes all there is", "the source holds no more than it says",
			[]string{"back_pressure"},
			func(p *postman, _ <-chan struct{}) {
				p.run = func(ctx context.Context, out pipeline.Emitter) error {
					work, end := p.limit(ctx)
					defer end()
					var storing sync.WaitGroup
					defer storing.Wait()
					for {
						ls, err := p.take(ctx)
						if err != nil {
							return nil
						}
						storing.Go(func() { p.emit(work, out, ls) })
					}
				}
			},
		},
		{
			"ends when the far side is gone", "Run returned too early",
			[]string{"far_side_gone"},
			func(p *postman, _ <-chan struct{}) { p.retry = func(err error) error { return err } },
		},
		{
			"stops taking when the far side was gone", "everything that was put is stored",
			[]string{"far_side_gone"},
			func(p *postman, _ <-chan struct{}) {
				p.take = func(ctx context.Context) ([]letter, error) {
					ls, err := p.box.take(ctx, 8)
					if err != nil {
						<-ctx.Done()
					}
					return ls, err
				}
			},
		},
		{
			"cannot start", "Start: no such place",
			[]string{"everything"},
			func(p *postman, _ <-chan struct{}) {
				p.start = func(context.Context) error { return errors.New("no such place") }
			},
		},
		{
			"starts anywhere", "says nothing",
			[]string{"misplaced"},
			func(p *postman, _ <-chan struct{}) { p.start = func(context.Context) error { return nil } },
		},
		{
			"does not say where", "does not name",
			[]string{"misplaced"},
			func(p *postman, _ <-chan struct{}) {
				p.start = func(context.Context) error { return errors.New("not found") }
			},
		},
		{
			"hangs in Start", "Start did not return",
			[]string{"misplaced", "everything"},
			func(p *postman, end <-chan struct{}) {
				p.start = func(context.Context) error { <-end; return nil }
			},
		},
	}
}

func stopSourceFaults() []sourceFault {
	return []sourceFault{
		{
			"ignores the context", "Run did not return",
			[]string{"stop_idle"},
			func(p *postman, end <-chan struct{}) {
				p.run = func(ctx context.Context, out pipeline.Emitter) error {
					ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
					defer cancel()
					go func() { <-end; cancel() }()
					return p.serve(ctx, out)
				}
			},
		},
		{
			"returns before Emit has answered", "Run returned",
			[]string{"stop_waits", "stop_is_bounded"},
			func(p *postman, _ <-chan struct{}) {
				p.run = func(ctx context.Context, out pipeline.Emitter) error {
					for {
						ls, err := p.take(ctx)
						if err != nil {
							return nil //nolint:nilerr // it stops
						}
						go p.emit(context.WithoutCancel(ctx), out, ls)
					}
				}
			},
		},
		{
			"ends Emit with itself", "Run returned too early",
			[]string{"stop_waits"},
			func(p *postman, _ <-chan struct{}) {
				p.limit = func(ctx context.Context) (context.Context, func()) { return ctx, func() {} }
			},
		},
		{
			"ends Emit with itself and stays", "the context of Emit ended",
			[]string{"stop_waits"},
			func(p *postman, end <-chan struct{}) {
				p.limit = func(ctx context.Context) (context.Context, func()) { return ctx, func() { <-end } }
			},
		},
		{
			"waits for Emit for ever", "Run did not return",
			[]string{"stop_is_bounded"},
			func(p *postman, _ <-chan struct{}) {
				p.limit = func(ctx context.Context) (context.Context, func()) { return context.WithoutCancel(ctx), func() {} }
			},
		},
		{
			"acknowledges all when it stops", "was acknowledged and not stored",
			[]string{"stop_is_bounded"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				err := out.Emit(work, notifications(ls)...)
				if errors.Is(err, context.Canceled) {
					err = nil
				}
				p.settle(ls, err)
			}),
		},
		{
			"returns an error when it is stopped", "Run returned context canceled",
			[]string{"stop_idle"},
			func(p *postman, _ <-chan struct{}) {
				p.run = func(ctx context.Context, out pipeline.Emitter) error {
					return errors.Join(p.serve(ctx, out), ctx.Err())
				}
			},
		},
		{
			"emits after Run returned", "after Run returned",
			[]string{"stop_idle"},
			func(p *postman, _ <-chan struct{}) {
				p.run = func(ctx context.Context, out pipeline.Emitter) error {
					err := p.serve(ctx, out)
					go func() {
						rest(context.WithoutCancel(ctx))
						_ = out.Emit(context.WithoutCancel(ctx))
					}()
					return err
				}
			},
		},
		{
			"leaks a goroutine", "left running",
			[]string{"everything", "stop_idle"},
			func(p *postman, end <-chan struct{}) {
				p.run = func(ctx context.Context, out pipeline.Emitter) error {
					go func() { <-end }()
					return p.serve(ctx, out)
				}
			},
		},
	}
}

func tellFaults() []sourceFault {
	return []sourceFault{
		{
			"logs bodies", "the log tells",
			[]string{"everything", "refused_in_part"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				p.set.Logger.LogAttrs(work, slog.LevelDebug, "received", slog.String(keyBody, ls[0].body))
				p.emit(work, out, ls)
			}),
		},
		{
			"logs what the far side said", "the log tells",
			[]string{"far_side_gone"},
			func(p *postman, _ <-chan struct{}) {
				p.retry = func(err error) error {
					p.set.Logger.LogAttrs(context.Background(), slog.LevelWarn, "trying again", slog.Any(keyError, err))
					return nil
				}
			},
		},
		{
			"tells a secret when it cannot start", "an error tells",
			[]string{"misplaced"},
			func(p *postman, _ <-chan struct{}) {
				start := p.start
				p.start = func(ctx context.Context) error {
					if err := start(ctx); err != nil {
						return errors.Join(err, errors.New("the password is password"))
					}
					return nil
				}
			},
		},
	}
}
