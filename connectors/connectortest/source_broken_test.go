package connectortest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"carillon/pipeline"
)

// sourceFault is one way to break a source, and what must be seen of it. end is closed when the test is over.
type sourceFault struct {
	name  string
	says  string   // part of what the checks must say
	seen  []string // the checks
	apply func(p *postman, end <-chan struct{})
}

func sourceFaults() []sourceFault {
	return slices.Concat(acknowledgeFaults(), partFaults(), bodyFaults(), takeFaults(), stopSourceFaults(), tellFaults())
}

// storing replaces how letters are stored.
func storing(f func(p *postman, work context.Context, out pipeline.Emitter, ls []letter)) func(*postman, <-chan struct{}) {
	return func(p *postman, _ <-chan struct{}) {
		p.store = func(work context.Context, out pipeline.Emitter, ls []letter) { f(p, work, out, ls) }
	}
}

func acknowledgeFaults() []sourceFault {
	const early = "was acknowledged and not stored"
	return []sourceFault{
		{
			"acknowledges before it stores", early,
			[]string{"stored_before_acknowledged", "refused", "refused_for_ever", "stop_is_bounded"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				p.box.acknowledge(ls...)
				_ = out.Emit(work, notifications(ls)...)
			}),
		},
		{
			"acknowledges what it only queued", early,
			[]string{"stored_before_acknowledged"},
			func(p *postman, end <-chan struct{}) {
				p.store = func(work context.Context, out pipeline.Emitter, ls []letter) {
					go func() { _ = out.Emit(work, notifications(ls)...) }()
					p.box.acknowledge(ls...)
				}
			},
		},
		{
			"drops what is refused", early,
			[]string{"refused", "refused_for_ever", "refused_in_part"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				_ = out.Emit(work, notifications(ls)...)
				p.box.acknowledge(ls...)
			}),
		},
		{
			"gives up after two refusals", early,
			[]string{"refused_for_ever"},
			func(p *postman, _ <-chan struct{}) {
				tries := map[int]int{}
				p.store = func(work context.Context, out pipeline.Emitter, ls []letter) {
					p.emit(work, out, ls)
					for _, l := range ls {
						if tries[l.number]++; tries[l.number] == 2 {
							p.box.acknowledge(l)
						}
					}
				}
			},
		},
		{
			"acknowledges the copy of what is being stored", early, []string{"redelivered_while_storing"}, acknowledgesCopies,
		},
		{
			"acknowledges nothing", "everything that is stored is acknowledged",
			[]string{"everything"},
			storing(func(_ *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				_ = out.Emit(work, notifications(ls)...)
			}),
		},
		{
			"acknowledges twice", "is acknowledged again",
			[]string{"acknowledged_once"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				p.emit(work, out, ls)
				p.emit(work, out, ls[:1])
			}),
		},
		{
			"never brings again what it saw", "everything that was put is stored",
			[]string{"refused"},
			func(p *postman, _ <-chan struct{}) {
				seen := map[int]bool{}
				p.store = func(work context.Context, out pipeline.Emitter, ls []letter) {
					ls = slices.DeleteFunc(ls, func(l letter) bool { return seen[l.number] })
					for _, l := range ls {
						seen[l.number] = true
					}
					p.emit(work, out, ls)
				}
			},
		},
		{
			"ends when the journal is away", "Run returned too early",
			[]string{"refused"},
			func(p *postman, _ <-chan struct{}) {
				p.run = func(ctx context.Context, out pipeline.Emitter) error {
					for {
						ls, err := p.take(ctx)
						if err != nil {
							return nil //nolint:nilerr // it stops
						}
						if err := out.Emit(ctx, notifications(ls)...); err != nil {
							return err
						}
						p.box.acknowledge(ls...)
					}
				}
			},
		},
	}
}

// acknowledgesCopies takes on while it stores, and takes a copy for something that was dealt with.
func acknowledgesCopies(p *postman, _ <-chan struct{}) {
	p.run = func(ctx context.Context, out pipeline.Emitter) error {
		work, end := p.limit(ctx)
		defer end()
		var storing sync.WaitGroup
		defer storing.Wait()
		seen := map[int]bool{}
		for {
			ls, err := p.take(ctx)
			if err != nil {
				return nil
			}
			for _, l := range ls {
				if seen[l.number] {
					p.box.acknowledge(l)
					continue
				}
				seen[l.number] = true
				storing.Go(func() { p.emit(work, out, []letter{l}) })
			}
		}
	}
}

func partFaults() []sourceFault {
	answering := func(f func(err error) error) func(*postman, <-chan struct{}) {
		return storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
			p.settle(ls, f(out.Emit(work, notifications(ls)...)))
		})
	}
	return []sourceFault{
		{
			"swallows a failure in part", "was acknowledged and not stored",
			[]string{"refused_in_part"},
			answering(func(err error) error {
				if _, ok := errors.AsType[*pipeline.BatchError](err); ok {
					return nil
				}
				return err
			}),
		},
		{
			"takes a failure in part for a whole one", "what is stored is acknowledged, and nothing else",
			[]string{"refused_in_part"},
			answering(func(err error) error {
				if err != nil {
					return errors.New("it failed")
				}
				return nil
			}),
		},
		{
			"counts failures from 1", "was acknowledged and not stored",
			[]string{"refused_in_part"},
			answering(func(err error) error {
				if be, ok := errors.AsType[*pipeline.BatchError](err); ok {
					for i := range be.Failed {
						be.Failed[i].Index++
					}
				}
				return err
			}),
		},
		{
			"brings again what was stored", "and offered",
			[]string{"refused_in_part"},
			storing(func(p *postman, work context.Context, out pipeline.Emitter, ls []letter) {
				err := out.Emit(work, notifications(ls)...)
				if err != nil {
					_ = out.Emit(work, notifications(ls)...)
				}
				p.settle(ls, err)
			}),
		},
	}
}
