package deliver

import (
	"context"
	"errors"
	"fmt"

	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

const (
	// maxParked is how many lanes a sink may have parked in all partitions together.
	maxParked = 100_000
	// maxPages is how many parked meetings one sink has in memory from one partition: 8 MiB of bodies.
	maxPages = 16
	// parkAtOnce and progressAtOnce bound how many writes are between two looks at everything else. One takes about 0.3 ms.
	parkAtOnce     = 16
	progressAtOnce = 64
)

// page is what was read of a parked meeting.
type page struct {
	need Need
	msgs []journal.Message
	err  error
}

// restore tells the lanes of what was there before: dead letters, and the lanes that were parked when the partition was delivered
// last. The feed is open and nothing was taken.
func (r *run) restore(ctx context.Context, dead map[chime.Identity]string, lanes map[string]uint64) error {
	floor, err := r.set.Journal.SinkFloor(ctx, r.set.ID, r.partition)
	if err != nil {
		return err
	}
	r.lanes.Begin(floor)
	for id, key := range dead {
		r.lanes.Died(id, key)
	}
	for key, next := range lanes {
		r.lanes.Restore(key, next)
	}
	if len(lanes) > 0 {
		r.set.Logger.InfoContext(ctx, "meetings are parked", telemetry.Partition(r.partition))
	}
	return nil
}

// tend parks the lanes that hold others up, and ends the parking of those that have caught up. After an error of unknown
// outcome nobody knows what is stored, so the partition is taken anew (I8); when there is no room the lanes stay as they are.
func (r *run) tend(ctx context.Context) error {
	if r.full {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // Being told to stop must not leave an outcome unknown.
	for range parkAtOnce {
		key, next, ok := r.toPark()
		if !ok {
			break
		}
		if err := r.parked.Park(ctx, key, next); err != nil {
			return r.refuse(ctx, err)
		}
		r.park(key)
	}
	for range parkAtOnce {
		key, ok := r.lanes.CaughtUp()
		if !ok {
			return nil
		}
		if err := r.parked.Unpark(ctx, key); err != nil {
			r.lanes.Stay(key)
			return r.refuse(ctx, err)
		}
		r.lanes.Unpark(key)
	}
	return nil
}

// refuse returns err unless it only says that there is no room; then it is tried again at the next tick.
func (r *run) refuse(ctx context.Context, err error) error {
	if !errors.Is(err, journal.ErrFull) {
		return err
	}
	r.set.Logger.DebugContext(ctx, "no room for parked lanes", telemetry.Err(err))
	r.full = true
	return nil
}

// toPark returns the next lane that must not hold others up any longer (I6).
func (r *run) toPark() (key string, next uint64, ok bool) {
	key, next, ok = r.lanes.Overdue()
	if ok {
		return key, next, true
	}
	switch {
	case r.stretched():
		return r.lanes.Blocking(true)
	case r.crowded() && len(r.next) == 0:
		return r.lanes.Blocking(false)
	}
	return "", 0, false
}

// park takes a lane that is stored as parked out of the way of the floor.
func (r *run) park(key string) {
	flying, left := r.lanes.Park(key)
	for i := range flying {
		r.floor.Settle(flying[i].Position)
	}
	for i := range left {
		r.forget(&left[i])
	}
	r.metrics.parks.Inc()
}

// read begins to read the parked meetings whose turn has come.
func (r *run) read(ctx context.Context) {
	for {
		need, ok := r.lanes.Hungry()
		if !ok {
			return
		}
		r.reads.Go(func() {
			msgs, err := r.set.Journal.ReadMeeting(ctx, r.partition, need.Key, need.From, need.Limit)
			r.pages <- page{need, msgs, err} // It has room for as many as may be read at once.
		})
	}
}

// page gives a parked lane the events that were read for it. What is no event was set aside when the feed brought it.
func (r *run) page(ctx context.Context, got page) {
	if got.err != nil {
		r.set.Logger.DebugContext(ctx, "parked meeting not read", telemetry.Partition(r.partition), telemetry.Err(got.err))
		r.lanes.Missed(got.need, r.set.Clock())
		return
	}
	var items []Item
	last := uint64(0)
	for i := range got.msgs {
		last = got.msgs[i].Sequence
		e, err := got.msgs[i].Event()
		if err != nil {
			continue
		}
		e.Sequence = last
		if !r.lanes.Dead(e.ID) && r.judge(&e).Sent() {
			items = append(items, Item{Event: e, Position: -1})
		}
	}
	r.lanes.Page(got.need, items, last)
}

// progress stores how far up to limit parked lanes are. A loss only repeats events.
func (r *run) progress(ctx context.Context, limit int) error {
	r.full = false
	r.lanes.Review()
	err := r.lanes.Progress(limit, func(key string, next uint64) error { return r.parked.Progress(ctx, key, next) })
	if errors.Is(err, journal.ErrFenced) {
		return fmt.Errorf("storing progress of parked lanes: %w", err)
	}
	if err != nil {
		r.set.Logger.DebugContext(ctx, "progress of parked lanes not stored", telemetry.Err(err))
	}
	return nil
}
