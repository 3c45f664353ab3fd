package sequence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"carillon/pipeline/journal"
	"carillon/pipeline/order"
)

const (
	// ackEvery is how often RAW is acknowledged.
	ackEvery = 250 * time.Millisecond
	// forgetAfter is how long a meeting stays in memory after its last record. It comes back from EVENTS when needed.
	forgetAfter = 10 * time.Minute
	// retryFull is the pause before the same batch is appended again to a full journal.
	retryFull = 500 * time.Millisecond
	// finishLimit bounds how long a tenure that was told to stop appends what order has released already.
	finishLimit = 5 * time.Second
)

// Limits bound the memory of one partition (I6).
type Limits struct {
	// Meetings is how many keys are remembered.
	Meetings int
	// Order bounds what is held.
	Order order.Limits
	// Out is how many released events may wait for their append before reading stops.
	Out int
}

// DefaultLimits returns the limits of one of n partitions.
func DefaultLimits(n int) Limits {
	return Limits{
		Meetings: max(1000, 100_000/n),
		Order:    order.Limits{Events: max(10_000, 400_000/n), Bytes: max(16<<20, (256<<20)/n)},
		Out:      4 * journal.MaxAppend,
	}
}

// Settings is the code's part of a sequencer.
type Settings struct {
	Journal *journal.Journal
	Order   order.Config
	Limits  Limits
	Metrics *Metrics
	Logger  *slog.Logger
}

// Sequencer sequences one partition. Its counters live longer than its tenures, so that records which are read again are not
// counted again (I2).
type Sequencer struct {
	partition int
	set       Settings
	epoch     atomic.Uint64
	// counted is the highest RAW sequence that was counted, owed those below it that were read and not counted.
	counted uint64
	owed    map[uint64]struct{}
}

// New returns the sequencer of partition p.
func New(p int, set Settings) *Sequencer {
	return &Sequencer{partition: p, set: set, owed: make(map[uint64]struct{})}
}

// Epoch returns the epoch of the current or last tenure; deliveries carry it. It is safe for concurrent use.
func (s *Sequencer) Epoch() uint64 { return s.epoch.Load() }

// Run takes the fence and sequences until ctx ends, then returns nil; or until something goes wrong whose only cure is to
// begin again (I8), then it returns the error and may be called again. Hold the lease of the partition meanwhile.
func (s *Sequencer) Run(ctx context.Context) error {
	fence, err := s.takeFence(ctx)
	if err != nil {
		return err
	}
	s.epoch.Store(fence.Epoch())
	feed, err := s.set.Journal.RawFeed(ctx, s.partition)
	if err != nil {
		return fmt.Errorf("opening partition %d: %w", s.partition, err)
	}
	t := newTenure(context.WithoutCancel(ctx), s, fence, feed)
	err = t.run(ctx)
	feed.Stop()
	t.end()
	if err != nil {
		return fmt.Errorf("sequencing partition %d: %w", s.partition, err)
	}
	return nil
}

// takeFence waits while EVENTS has no room even for a fence: delivering and purging, which need none, make some.
func (s *Sequencer) takeFence(ctx context.Context) (*journal.Fence, error) {
	if last, err := s.set.Journal.LastEpoch(ctx, s.partition); err == nil {
		s.epoch.Store(last)
	}
	for {
		fence, err := s.set.Journal.TakeFence(ctx, s.partition)
		if !errors.Is(err, journal.ErrFull) {
			return fence, err
		}
		select {
		case <-time.After(retryFull):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// counts reports whether a record that is read now is to be counted.
func (s *Sequencer) counts(seq uint64) bool {
	if seq > s.counted {
		s.counted = seq
		return true
	}
	_, owed := s.owed[seq]
	delete(s.owed, seq)
	return owed
}
