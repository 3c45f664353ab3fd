package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"carillon/pipeline/journal"
)

// forward sends all events in a bare loop that reads EVENTS, as the delivery does, and sends what comes when a batch is full: without
// lanes, retries, filters or metrics, and nothing of it is looked at.
func (s *sinkRun) forward(ctx context.Context) (cost, error) {
	loop, err := s.prepare(ctx)
	if err != nil {
		return cost{}, err
	}
	s.slices++
	f := &drain{sinkRun: s, loop: loop, id: fmt.Sprintf("bare-%d", s.slices)}
	err = s.journal.EnsureSink(ctx, f.id, journal.Start{Earliest: true})
	if err == nil {
		err = f.all(ctx)
	}
	k, timeErr := since(f.begin, len(s.events))
	err = errors.Join(err, timeErr, loop.close(), s.journal.ForgetSink(context.WithoutCancel(ctx), f.id))
	if err != nil {
		return k, fmt.Errorf("running a bare loop behind EVENTS: %w", err)
	}
	return k, s.verify(ctx)
}

// drain is one slice of forward.
type drain struct {
	*sinkRun

	loop  bareLoop
	id    string
	once  sync.Once
	begin instant // of the first call
}

// all forwards every partition.
func (f *drain) all(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	from := 0
	for p, n := range f.counts {
		begin := from
		from += n
		g.Go(func() error {
			feed, err := f.journal.SinkFeed(ctx, f.id, p, journal.Start{Earliest: true})
			if err != nil {
				return err
			}
			defer feed.Stop()
			if f.shape.batch == 1 {
				return f.singly(ctx, feed, begin, begin+n)
			}
			return f.batches(ctx, feed, begin, begin+n)
		})
	}
	return g.Wait()
}

func (f *drain) send(ctx context.Context, from, to int) error {
	var err error
	f.once.Do(func() { f.begin, err = readInstant() })
	if err != nil {
		return err
	}
	return f.loop.send(ctx, from, to)
}

// batches sends the events from one index to another, which the feed brings in that order, and acknowledges each batch.
func (f *drain) batches(ctx context.Context, feed *journal.Feed, from, to int) error {
	for read := from; read < to; {
		m, err := next(ctx, feed)
		if err != nil {
			return err
		}
		read++
		if read < to && read-from < f.shape.batch {
			continue
		}
		if err := f.send(ctx, from, read); err != nil {
			return err
		}
		if err := feed.Ack(m.Mark); err != nil {
			return err
		}
		from = read
	}
	return nil
}

// singly sends one event at a time in each of the calls that the partition has a share of.
func (f *drain) singly(ctx context.Context, feed *journal.Feed, from, to int) error {
	var read atomic.Int64
	read.Store(int64(from))
	g, ctx := errgroup.WithContext(ctx)
	for range max(1, f.shape.calls/len(f.counts)) {
		g.Go(func() error {
			for {
				i := int(read.Add(1)) - 1
				if i >= to {
					return nil
				}
				m, err := next(ctx, feed)
				if err != nil {
					return err
				}
				if err := f.send(ctx, i, i+1); err != nil {
					return err
				}
				if i == to-1 {
					err = feed.Ack(m.Mark)
				}
				if err != nil {
					return err
				}
			}
		})
	}
	return g.Wait()
}

func next(ctx context.Context, feed *journal.Feed) (journal.Message, error) {
	select {
	case m := <-feed.Messages():
		return m, nil
	case err := <-feed.Broken():
		return journal.Message{}, err
	case <-ctx.Done():
		return journal.Message{}, ctx.Err()
	}
}
