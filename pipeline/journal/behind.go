package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline/telemetry"
)

// SinkBehind returns what a sink has not settled in each partition, those of parked lanes not counted.
func (j *Journal) SinkBehind(ctx context.Context, sink string) ([]telemetry.Behind, error) {
	return j.behind(ctx, j.names.events(), func(p int) (consumer, subject string) { return sinkConsumer(sink, p), j.names.eventsFilter(p) })
}

// RawBehind returns what the sequencer has not settled in each partition.
func (j *Journal) RawBehind(ctx context.Context) ([]telemetry.Behind, error) {
	return j.behind(ctx, j.names.raw(), func(p int) (consumer, subject string) { return rawConsumer(p), j.names.rawSubject(p) })
}

func (j *Journal) behind(ctx context.Context, stream string, of func(p int) (consumer, subject string)) ([]telemetry.Behind, error) {
	out := make([]telemetry.Behind, j.stream.Partitions)
	for p := range out {
		consumer, subject := of(p)
		c, err := j.js.Consumer(ctx, stream, consumer)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			continue // Nobody has begun to read.
		}
		if err != nil {
			return nil, fmt.Errorf("asking for consumer %s: %w", consumer, err)
		}
		if out[p], err = j.behindOf(ctx, stream, subject, c.CachedInfo()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (j *Journal) behindOf(ctx context.Context, stream, subject string, info *jetstream.ConsumerInfo) (telemetry.Behind, error) {
	b := telemetry.Behind{Count: info.NumPending + toUnsigned(int64(info.NumAckPending))}
	if b.Count == 0 {
		return b, nil
	}
	var err error
	_, b.Oldest, err = j.firstFrom(ctx, stream, subject, max(info.AckFloor.Stream+1, info.Config.OptStartSeq))
	return b, err
}
