package sequence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/pipeline/dedupe"
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
	// MeetingBytes is how much memory they may take together; 0: as much as they need.
	MeetingBytes int
	// Watched is how many events may be under watch for who misses them; beyond that the oldest go unjudged.
	Watched int
	// Order bounds what is held.
	Order order.Limits
	// Out is how many released events may wait for their append before reading stops.
	Out int
}

// DefaultLimits returns the limits of one of n partitions.
func DefaultLimits(n int) Limits {
	return Limits{
		Meetings: max(1000, 100_000/n), MeetingBytes: max(16<<20, (512<<20)/n), Watched: max(16_384, 1_048_576/n),
		Order: order.Limits{Events: max(10_000, 400_000/n), Bytes: max(16<<20, (256<<20)/n)},
		Out:   4 * journal.MaxAppend,
	}
}

// Settings is the code's part of a sequencer.
type Settings struct {
	Journal *journal.Journal
	Order   order.Config
	Limits  Limits
	Metrics *Metrics
	Logger  *slog.Logger
	// Ledger is what the ledger of each tenure works by; Limits and the sequencer set its Watched and Left.
	Ledger dedupe.Settings
	// Retention is how long copies of an event must be recognised. What has been in memory for longer may be forgotten.
	// 0: nothing is, before its meeting leaves memory.
	Retention time.Duration
}

// Sequencer sequences one partition. Its counters live longer than its tenures, so that records which are read again are not
// counted again (I2).
type Sequencer struct {
	partition int
	set       Settings
	epoch     atomic.Uint64
	// seen is the highest RAW sequence that was read. owed has those up to it that are not counted yet, and whether they were
	// judged to be new events, which count when EVENTS has them.
	seen uint64
	owed map[uint64]bool
	// unwatched has those of them that are new events and that the ledger need not watch again.
	unwatched map[uint64]struct{}
	// window shows for how long an event is held.
	window prometheus.Gauge
	// oldest shows for how long the held event whose hold ends next has waited.
	oldest prometheus.Gauge
}

// New returns the sequencer of partition p.
func New(p int, set Settings) *Sequencer {
	return &Sequencer{partition: p, set: set, owed: make(map[uint64]bool), window: set.Metrics.window(p), oldest: set.Metrics.oldestHeld(p)}
}

// Epoch returns the epoch of the current or last tenure; deliveries carry it. It is safe for concurrent use.
func (s *Sequencer) Epoch() uint64 { return s.epoch.Load() }

// Run takes the fence and sequences until ctx ends, then returns nil; or until something goes wrong whose only cure is to
// begin again (I8), then it returns the error and may be called again. Hold the lease of the partition meanwhile.
func (s *Sequencer) Run(ctx context.Context) error {
	t, err := s.begin(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil //nolint:nilerr // a consequence of being told to stop.
	case err != nil:
		return fmt.Errorf("opening partition %d: %w", s.partition, err)
	}
	err = t.run(ctx)
	t.end()
	if err != nil {
		return fmt.Errorf("sequencing partition %d: %w", s.partition, err)
	}
	return nil
}

// begin takes the fence, then resets the feed to its floor (I8).
func (s *Sequencer) begin(ctx context.Context) (*tenure, error) {
	fence, err := s.takeFence(ctx)
	if err != nil {
		return nil, err
	}
	s.epoch.Store(fence.Epoch())
	feed, err := s.set.Journal.RawFeed(ctx, s.partition)
	if err != nil {
		return nil, err
	}
	return newTenure(context.WithoutCancel(ctx), s, fence, feed), nil
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

// see notes that a record was read.
func (s *Sequencer) see(seq uint64) {
	if seq > s.seen {
		s.seen, s.owed[seq] = seq, false
	}
}

// judgedNew notes that a record is to count as an event once EVENTS has it.
func (s *Sequencer) judgedNew(seq uint64) {
	if _, owed := s.owed[seq]; owed {
		s.owed[seq] = true
	}
}

// owes reports whether a record is still to be counted, and whether it was judged to be a new event before. From then on it
// counts as counted.
func (s *Sequencer) owes(seq uint64) (owed, judgedNew bool) {
	judgedNew, owed = s.owed[seq]
	delete(s.owed, seq)
	delete(s.unwatched, seq)
	return owed, judgedNew
}
