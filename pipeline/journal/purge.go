package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// spaceShare is the part of EVENTS that a purge for space removes at once.
const spaceShare = 10

// rawFloors says how far RAW was processed.
type rawFloors struct {
	// passed is the sequence up to which every partition is done.
	passed uint64
	// each is the same for each partition alone.
	each []uint64
	// oldest is when the first record after passed was stored, zero when there is none.
	oldest time.Time
}

// rawFloors asks every partition's consumer. A partition with nothing pending counts as passed up to the last sequence: the
// floor of an idle consumer stands still.
func (j *Journal) rawFloors(ctx context.Context) (rawFloors, error) {
	info, err := j.streams[j.names.raw()].Info(ctx)
	if err != nil {
		return rawFloors{}, fmt.Errorf("measuring stream %s: %w", j.names.raw(), err)
	}
	f := rawFloors{passed: info.State.LastSeq, each: make([]uint64, j.stream.Partitions)}
	for p := range j.stream.Partitions {
		passed, err := j.passed(ctx, j.names.raw(), rawConsumer(p), info.State.LastSeq)
		if err != nil {
			return rawFloors{}, err
		}
		f.each[p], f.passed = passed, min(f.passed, passed)
	}
	if f.passed == info.State.LastSeq {
		return f, nil
	}
	_, f.oldest, err = j.firstFrom(ctx, j.names.raw(), anySubject, f.passed+1)
	return f, err
}

// passed returns the sequence up to which a consumer is done; last is the last sequence of the stream before the question. A
// consumer that was not made yet has passed nothing.
func (j *Journal) passed(ctx context.Context, stream, consumer string, last uint64) (uint64, error) {
	c, err := j.js.Consumer(ctx, stream, consumer)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("asking for consumer %s: %w", consumer, err)
	}
	return passedOf(c.CachedInfo(), last), nil
}

func passedOf(info *jetstream.ConsumerInfo, last uint64) uint64 {
	if info.NumPending == 0 && info.NumAckPending == 0 {
		return last
	}
	return info.AckFloor.Stream
}

// Backlog returns how many records no sequencer has read and how many deliveries no sink has settled; those of parked lanes
// are settled.
func (j *Journal) Backlog(ctx context.Context) (uint64, error) {
	var n uint64
	for _, stream := range []string{j.names.raw(), j.names.events()} {
		list := j.streams[stream].ListConsumers(ctx)
		for info := range list.Info() {
			n += info.NumPending
			if strings.HasPrefix(info.Name, sinkConsumerPrefix) {
				n += uint64(info.NumAckPending) //nolint:gosec // never negative
			}
		}
		if err := list.Err(); err != nil {
			return 0, fmt.Errorf("listing consumers of %s: %w", stream, err)
		}
	}
	return n, nil
}

// purgeRaw removes what every partition has passed and is older than raw_keep; without regard to age when space is short.
func (j *Journal) purgeRaw(ctx context.Context, f rawFloors, now time.Time, short bool) error {
	upTo := f.passed + 1
	if !short && j.stream.RawKeep > 0 {
		if now.IsZero() {
			return nil
		}
		young, err := j.firstSince(ctx, j.names.raw(), now.Add(-j.stream.RawKeep))
		if err != nil {
			return err
		}
		if young > 0 {
			upTo = min(upTo, young)
		}
	}
	return j.purge(ctx, j.names.raw(), "raw", upTo)
}

// purgeEvents removes events older than the retention, or the oldest tenth when space is short: only what every sink has
// passed and no parked lane needs, and only what was stored before the oldest unprocessed RAW record, because reading that again must find what came
// of it (I3). Fences that stand in the way are asked to move; the next purge passes them.
func (j *Journal) purgeEvents(ctx context.Context, f rawFloors, now time.Time, short bool) error {
	info, err := j.streams[j.names.events()].Info(ctx)
	if err != nil {
		return fmt.Errorf("measuring stream %s: %w", j.names.events(), err)
	}
	upTo, err := j.wanted(ctx, info.State, now, short)
	if err != nil || upTo <= info.State.FirstSeq {
		return err
	}
	if upTo, err = j.allowed(ctx, f, info.State, upTo, short); err != nil {
		return err
	}
	fence, err := j.oldestFence(ctx)
	if err != nil {
		return err
	}
	if upTo <= fence {
		return j.purge(ctx, j.names.events(), "events", upTo)
	}
	j.renewBelow.Store(upTo)
	if !j.crammed(info.State) {
		return j.purge(ctx, j.names.events(), "events", fence)
	}
	// No fence may find room to move. Going around them leaves a hole, which costs the server time until they have moved.
	return j.purge(ctx, j.names.events(), "events", upTo, jetstream.WithPurgeSubject(j.names.allEvents()))
}

// crammed reports whether even the reserve of EVENTS is used up.
func (j *Journal) crammed(st jetstream.StreamState) bool {
	limit := toUnsigned(int64(j.stream.MaxBytes))
	return st.Bytes > limit-reserve(limit)/2
}

// wanted returns the first sequence that age and space allow to stay.
func (j *Journal) wanted(ctx context.Context, st jetstream.StreamState, now time.Time, short bool) (uint64, error) {
	upTo := st.FirstSeq
	if !now.IsZero() {
		young, err := j.firstSince(ctx, j.names.events(), now.Add(-j.stream.Retention))
		if err != nil {
			return 0, err
		}
		if young == 0 {
			young = st.LastSeq + 1
		}
		upTo = max(upTo, young)
	}
	if short {
		// Counted from the first event: a fence before it may have been gone around.
		first, _, err := j.firstFrom(ctx, j.names.events(), j.names.allEvents(), st.FirstSeq)
		if err != nil || first == 0 {
			return upTo, err
		}
		upTo = max(upTo, first+max(1, (st.LastSeq-min(first, st.LastSeq))/spaceShare))
	}
	return upTo, nil
}

// allowed lowers upTo to what sinks and sequencers are done with.
func (j *Journal) allowed(ctx context.Context, f rawFloors, st jetstream.StreamState, upTo uint64, short bool) (uint64, error) {
	if !f.oldest.IsZero() {
		keep, err := j.firstSince(ctx, j.names.events(), f.oldest)
		if err != nil {
			return 0, err
		}
		if short && keep > 0 && keep <= st.FirstSeq {
			// By time nothing may go although nothing more fits in: look at what is really needed.
			keep, err = j.settledBelow(ctx, f, st.FirstSeq, upTo)
		}
		if err != nil {
			return 0, err
		}
		if keep > 0 {
			upTo = min(upTo, keep)
		}
	}
	sinks, err := j.sinkFloor(ctx, st.LastSeq)
	if err != nil {
		return 0, err
	}
	parked, err := j.parkedFloor(ctx, st.LastSeq)
	return min(upTo, sinks+1, parked+1), err
}

// sinkFloor returns the sequence that every sink has passed in every partition. A sink that left the configuration counts until
// it is forgotten: its consumers are there.
func (j *Journal) sinkFloor(ctx context.Context, last uint64) (uint64, error) {
	floor := last
	list := j.streams[j.names.events()].ListConsumers(ctx)
	for info := range list.Info() {
		if strings.HasPrefix(info.Name, sinkConsumerPrefix) {
			floor = min(floor, passedOf(info, last))
		}
	}
	if err := list.Err(); err != nil {
		return 0, fmt.Errorf("listing sinks: %w", err)
	}
	return floor, nil
}

// oldestFence returns the sequence of the fence that is nearest to the beginning of EVENTS.
func (j *Journal) oldestFence(ctx context.Context) (uint64, error) {
	oldest := ^uint64(0)
	for p := range j.stream.Partitions {
		seq, err := j.LastEpoch(ctx, p)
		if err != nil {
			return 0, err
		}
		if seq > 0 {
			oldest = min(oldest, seq)
		}
	}
	return oldest, nil
}

// purge removes everything below upTo, or of it what opts say, and counts it.
func (j *Journal) purge(ctx context.Context, stream, label string, upTo uint64, opts ...jetstream.StreamPurgeOpt) error {
	if err := j.writable(needVital); err != nil {
		return fmt.Errorf("purging %s: %w", stream, err)
	}
	s := j.streams[stream]
	before, err := s.Info(ctx)
	if err != nil {
		return fmt.Errorf("measuring stream %s: %w", stream, err)
	}
	if upTo <= before.State.FirstSeq {
		return nil
	}
	if err := s.Purge(ctx, append(opts, jetstream.WithPurgeSequence(upTo))...); err != nil {
		return fmt.Errorf("purging %s: %w", stream, err)
	}
	after, err := s.Info(ctx)
	if err != nil {
		return fmt.Errorf("measuring stream %s: %w", stream, err)
	}
	j.metrics.purged.WithLabelValues(label).Add(float64(removed(before.State, after.State)))
	return nil
}

// removed returns how many messages went away between two states of a stream, whatever was added meanwhile.
func removed(before, after jetstream.StreamState) uint64 {
	arrived := after.LastSeq - before.LastSeq
	return before.Msgs + arrived - min(after.Msgs, before.Msgs+arrived)
}
