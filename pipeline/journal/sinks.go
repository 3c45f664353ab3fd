package journal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Keys of the metadata of a sink's consumer in partition 0, which stands for the sink. Metadata lives and dies with the position
// that it is about, and every router sees it.
const (
	// metaGone is when the sink was found to be in no configuration.
	metaGone = "carillon_gone"
	// metaHeir is the id under which the sink goes on at the next start.
	metaHeir = "carillon_heir"
)

var (
	// ErrNoSink means that no sink of that name ever began.
	ErrNoSink = errors.New("no such sink")
	// ErrSinkExists means that a sink of that name has begun already.
	ErrSinkExists = errors.New("sink exists")
	// ErrDelivered means that a router delivers to the sink.
	ErrDelivered = errors.New("sink is delivered by a router")
)

// Start says where a sink begins that has no position yet. The zero value is the next event.
type Start struct {
	// Earliest begins with the oldest event that is kept.
	Earliest bool
	// Since begins with the first event that was stored then or later. Zero: not set.
	Since time.Time
}

// SinkState is what the journal knows of a sink.
type SinkState struct {
	// ID is the sink's id.
	ID string
	// Floor is up to where everything was settled in the partition that is furthest behind.
	Floor uint64
	// Waiting is how many events are not settled, those of parked lanes not counted.
	Waiting uint64
	// Gone is when it was found to be in no configuration; zero when it is in one, or was not looked at yet.
	Gone time.Time
	// Heir is the id under which it goes on at the next start; empty mostly.
	Heir string
}

// Sinks returns every sink that has a position, sorted by id.
func (j *Journal) Sinks(ctx context.Context) ([]SinkState, error) {
	stream := j.streams[j.names.events()]
	info, err := stream.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for stream %s: %w", j.names.events(), err)
	}
	states := map[string]*SinkState{}
	list := stream.ListConsumers(ctx)
	for c := range list.Info() {
		id, ok := sinkOf(c.Name)
		if !ok {
			continue
		}
		s := states[id]
		if s == nil {
			s = &SinkState{ID: id, Floor: info.State.LastSeq}
			states[id] = s
		}
		s.add(c, info.State.LastSeq)
	}
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("listing sinks: %w", err)
	}
	out := make([]SinkState, 0, len(states))
	for _, id := range slices.Sorted(maps.Keys(states)) {
		out = append(out, *states[id])
	}
	return out, nil
}

func (s *SinkState) add(c *jetstream.ConsumerInfo, last uint64) {
	s.Floor = min(s.Floor, passedOf(c, last))
	s.Waiting += c.NumPending + toUnsigned(int64(c.NumAckPending))
	if gone, err := time.Parse(time.RFC3339, c.Config.Metadata[metaGone]); err == nil {
		s.Gone = gone
	}
	if heir := c.Config.Metadata[metaHeir]; heir != "" {
		s.Heir = heir
	}
}

// sinkOf returns the sink of which consumer is the one of a partition; false when it is another consumer.
func sinkOf(consumer string) (sink string, ok bool) {
	rest, ok := strings.CutPrefix(consumer, sinkConsumerPrefix)
	at := strings.LastIndexByte(rest, '-')
	if !ok || at < 1 {
		return "", false
	}
	_, err := strconv.Atoi(rest[at+1:])
	return rest[:at], err == nil
}

// Delivered reports whether any router delivers to the sink. Asking is the only way to know: a consumer that nobody pulls from may
// be one whose router has all it can hold.
func (j *Journal) Delivered(ctx context.Context, sink string) (bool, error) {
	for p := range j.stream.Partitions {
		_, err := j.SendErrand(ctx, sink, p, Errand{Kind: errandPing})
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if !errors.Is(err, ErrNobody) {
			return true, nil // No answer in time is one as well: somebody took the question.
		}
	}
	return false, nil
}

// ForgetSink removes the position and the parked lanes of a sink, unless a router delivers to it: that would begin anew. Its dead
// letters stay. That there is none is no error: it may have been half forgotten.
func (j *Journal) ForgetSink(ctx context.Context, sink string) error {
	delivered, err := j.Delivered(ctx, sink)
	if err == nil && delivered {
		err = ErrDelivered
	}
	if err != nil {
		return fmt.Errorf("forgetting sink %q: %w", sink, err)
	}
	if err := j.purgeParked(ctx, sink); err != nil {
		return err
	}
	// The one that stands for the sink goes last: until then the sink is seen, and forgotten again after a crash.
	for p := j.stream.Partitions - 1; p >= 0; p-- {
		err := j.js.DeleteConsumer(ctx, j.names.events(), sinkConsumer(sink, p))
		if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("removing consumer %s: %w", sinkConsumer(sink, p), err)
		}
	}
	return nil
}

// purgeParked removes what is stored of the parked lanes of a sink.
func (j *Journal) purgeParked(ctx context.Context, sink string) error {
	filter := jetstream.WithPurgeSubject(j.names.parkedOf(sink))
	if err := j.streams[j.names.parkedStream()].Purge(ctx, filter); err != nil {
		return fmt.Errorf("removing parked lanes of sink %q: %w", sink, err)
	}
	return nil
}

// mark sets one key of the metadata of a sink, or removes it when value is empty.
func (j *Journal) mark(ctx context.Context, sink, key, value string) error {
	c, err := j.js.Consumer(ctx, j.names.events(), sinkConsumer(sink, 0))
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("sink %q: %w", sink, ErrNoSink)
	}
	if err != nil {
		return fmt.Errorf("asking for consumer %s: %w", sinkConsumer(sink, 0), err)
	}
	config := c.CachedInfo().Config
	if config.Metadata[key] == value {
		return nil
	}
	metadata := maps.Clone(config.Metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	metadata[key] = value
	if value == "" {
		delete(metadata, key)
	}
	config.Metadata = metadata
	if _, err := j.js.UpdateConsumer(ctx, j.names.events(), config); err != nil {
		return fmt.Errorf("marking consumer %s: %w", sinkConsumer(sink, 0), err)
	}
	j.made.Store(true)
	return j.keepMade()
}
