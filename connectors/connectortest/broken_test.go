package connectortest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// broken is an honest sink in which one thing is done otherwise.
type broken struct {
	*honest

	start func(context.Context) error
	write func(context.Context, []pipeline.Event) error
	close func(context.Context) error
	max   func() int
}

func (b *broken) Start(ctx context.Context) error {
	if b.start != nil {
		return b.start(ctx)
	}
	return nil
}

func (b *broken) MaxBatch() int {
	if b.max != nil {
		return b.max()
	}
	return b.honest.MaxBatch()
}

func (b *broken) Write(ctx context.Context, es []pipeline.Event) error {
	if b.write != nil {
		return b.write(ctx, es)
	}
	return b.honest.Write(ctx, es)
}

func (b *broken) Close(ctx context.Context) error {
	if b.close != nil {
		return b.close(ctx)
	}
	return b.honest.Close(ctx)
}

// fault is one way to break a sink, and what must be seen of it. end is closed when the test is over.
type fault struct {
	name  string
	says  string   // part of what the checks must say
	seen  []string // the checks
	apply func(b *broken, end <-chan struct{})
}

func faults() []fault {
	return slices.Concat(writeFaults(), batchFaults(), errorFaults(), stopFaults())
}

func writeFaults() []fault {
	return []fault{
		{"drops on error and says nil", "Write says that", []string{"refused_event", "unreachable"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error { _ = b.honest.Write(ctx, es); return nil }
		}},
		{"reorders", "written was", []string{"order", "full_batches", "concurrent_meetings"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				es = slices.Clone(es)
				slices.Reverse(es)
				return b.honest.Write(ctx, es)
			}
		}},
		{"loses the last event of a full batch", "written was", []string{"full_batches"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				return b.honest.Write(ctx, es[:min(len(es), b.batch-1)])
			}
		}},
		{"sends everything twice", "none repeated", []string{"order", "full_batches", "concurrent_meetings"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				return errors.Join(b.honest.Write(ctx, es), b.honest.Write(ctx, es))
			}
		}},
		{"invents an event", "the far side has 1 events, 0 were written", []string{"nothing_to_write"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				if len(es) == 0 {
					return b.far.take(ctx, chime.Identity{1})
				}
				return b.honest.Write(ctx, es)
			}
		}},
		{"gives repeats a new identity", "that was not written", []string{"repeats"}, func(b *broken, _ <-chan struct{}) {
			sent := map[chime.Identity]byte{}
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				return b.each(es, func(e pipeline.Event) error {
					sent[e.ID]++
					e.ID[3] ^= sent[e.ID] - 1
					return b.far.take(ctx, e.ID)
				})
			}
		}},
		{"changes the events", "changed the events", []string{"order"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				for i := range es {
					es[i].Body[0] = ' '
				}
				return b.honest.Write(ctx, es)
			}
		}},
		{"confirms before the far side did", "does not answer", []string{"context_ends_during"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				ctx = context.WithoutCancel(ctx)
				go func() { _ = b.honest.Write(ctx, es) }()
				return nil
			}
		}},
		{"waits its turn for ever", "Write did not return", []string{"context_ends_during"}, func(b *broken, end <-chan struct{}) {
			gate := make(chan struct{}, 1)
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				select {
				case gate <- struct{}{}:
				case <-end:
				}
				err := b.honest.Write(ctx, es)
				if ctx.Err() == nil {
					<-gate
				}
				return err
			}
		}},
		{"fails when two Writes meet", "two at once", []string{"concurrent_meetings"}, func(b *broken, end <-chan struct{}) {
			meet := make(chan struct{})
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				select {
				case meet <- struct{}{}:
				case <-meet:
					return errors.New("two at once")
				case <-end:
				}
				return b.honest.Write(ctx, es)
			}
		}},
	}
}

func batchFaults() []fault {
	return []fault{
		{"accepts after a failure", "was refused before", []string{"refused_event"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				var failed []pipeline.IndexError
				for i, e := range es {
					if err := b.far.take(ctx, e.ID); err != nil {
						failed = append(failed, pipeline.IndexError{Index: i, Err: err})
					}
				}
				if failed != nil {
					return &pipeline.BatchError{Failed: failed}
				}
				return nil
			}
		}},
		{"says that all failed when one did", "was accepted, and Write says", []string{"refused_event"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				if b.honest.Write(ctx, es) != nil {
					return errors.New("some of it failed")
				}
				return nil
			}
		}},
		{"counts from 1", "was not accepted, and Write says that it was", []string{"refused_event"}, mapBatch(func(f []pipeline.IndexError) []pipeline.IndexError {
			for i := range f {
				f[i].Index++
			}
			return f
		})},
		{"names failures backwards", "names index", []string{"refused_event"}, mapBatch(func(f []pipeline.IndexError) []pipeline.IndexError {
			slices.Reverse(f)
			return f
		})},
		{"names no failure", "without a failure", []string{"refused_event"}, mapBatch(func([]pipeline.IndexError) []pipeline.IndexError { return nil })},
		{"takes no events", "must be 1 or more", []string{"order", "full_batches"}, func(b *broken, _ <-chan struct{}) {
			b.max = func() int { return 0 }
		}},
		{"gives events up when nobody is there", "gives an event up", []string{"unreachable"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				if err := b.honest.Write(ctx, es); err != nil {
					return pipeline.Reject(errors.New("refused"))
				}
				return nil
			}
		}},
	}
}

// mapBatch changes what a *BatchError names.
func mapBatch(f func([]pipeline.IndexError) []pipeline.IndexError) func(*broken, <-chan struct{}) {
	return func(b *broken, _ <-chan struct{}) {
		b.write = func(ctx context.Context, es []pipeline.Event) error {
			err := b.honest.Write(ctx, es)
			if batch, ok := errors.AsType[*pipeline.BatchError](err); ok {
				batch.Failed = f(batch.Failed)
			}
			return err
		}
	}
}

func errorFaults() []fault {
	quoting := func(quote func(pipeline.Event, error) error) func(*broken, <-chan struct{}) {
		return func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				return b.each(es, func(e pipeline.Event) error {
					if err := b.far.take(ctx, e.ID); err != nil {
						return quote(e, err)
					}
					return nil
				})
			}
		}
	}
	return []fault{
		{"quotes the payload", "an error tells", []string{"refused_event", "unreachable"}, quoting(func(e pipeline.Event, err error) error {
			return fmt.Errorf("sending %s: %w", e.Body, err)
		})},
		{"keeps all of a long answer", "an excerpt has 2000 bytes", []string{"refused_event"}, quoting(func(_ pipeline.Event, err error) error {
			return answered{err, strings.Repeat("x", 2000)}
		})},
		{"keeps an answer as it came", "does not print", []string{"refused_event"}, quoting(func(_ pipeline.Event, err error) error {
			return answered{err, "two\r\nlines"}
		})},
		{"wraps an error with a secret", "an error tells", []string{"refused_event", "unreachable"}, quoting(func(_ pipeline.Event, err error) error {
			return pipeline.Throttle(errors.Join(err, errors.New("the password is password")), 0)
		})},
	}
}

// answered is an error with an excerpt.
type answered struct {
	error

	excerpt string
}

func (a answered) Excerpt() string { return a.excerpt }

func stopFaults() []fault {
	return []fault{
		{"ignores the context", "Write did not return", []string{"context_ends_during"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				return b.honest.Write(context.WithoutCancel(ctx), es)
			}
		}},
		{"confirms what it did not send once the context ended", "with an ended context", []string{"context_ended_before"}, func(b *broken, _ <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				if ctx.Err() == nil {
					return b.honest.Write(ctx, es)
				}
				return nil
			}
		}},
		{"leaks a goroutine", "left running", []string{"order", "close_twice"}, func(b *broken, end <-chan struct{}) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				go func() { <-end }()
				return b.honest.Write(ctx, es)
			}
		}},
		{"leaks a goroutine when nothing was written", "left running", []string{"close_unused"}, func(b *broken, end <-chan struct{}) {
			b.start = func(context.Context) error { go func() { <-end }(); return nil }
		}},
		{"cannot start", "Start: no such place", []string{"order"}, func(b *broken, _ <-chan struct{}) {
			b.start = func(context.Context) error { return errors.New("no such place") }
		}},
		{"cannot be closed unused", "Close: never opened", []string{"close_unused"}, func(b *broken, _ <-chan struct{}) {
			b.close = func(context.Context) error { return errors.New("never opened") }
		}},
		{"panics when closed twice", "panics", []string{"close_twice"}, func(b *broken, _ <-chan struct{}) {
			once := make(chan struct{})
			b.close = func(ctx context.Context) error { close(once); return b.honest.Close(ctx) }
		}},
		{"closes over a Write", "did not wait", []string{"close_waits"}, func(b *broken, _ <-chan struct{}) {
			b.close = func(context.Context) error { return nil }
		}},
		{"closes without a bound", "did not return", []string{"close_is_bounded"}, func(b *broken, _ <-chan struct{}) {
			b.close = func(ctx context.Context) error { return b.honest.Close(context.WithoutCancel(ctx)) }
		}},
		{"hangs in Close", "did not return", []string{"close_unused", "order"}, func(b *broken, end <-chan struct{}) {
			b.close = func(context.Context) error { <-end; return nil }
		}},
	}
}
