package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline/telemetry"
)

// RenameSink notes that sink goes on as heir: when heir is started and has no position, it takes over the position, the parked
// lanes and the dead letters of sink, which is forgotten. Until then sink goes on as it is. The same name twice takes that back.
func (j *Journal) RenameSink(ctx context.Context, sink, heir string) error {
	if sink == heir {
		return j.mark(ctx, sink, metaHeir, "")
	}
	_, err := j.js.Consumer(ctx, j.names.events(), sinkConsumer(heir, 0))
	switch {
	case err == nil:
		return fmt.Errorf("sink %q: %w", heir, ErrSinkExists)
	case !errors.Is(err, jetstream.ErrConsumerNotFound):
		return fmt.Errorf("asking for consumer %s: %w", sinkConsumer(heir, 0), err)
	}
	return j.mark(ctx, sink, metaHeir, heir)
}

// inherit lets heir take over the sink that is to go on under its name, if there is one. Each step can be done again: a crash in
// between is made good by the next start.
func (j *Journal) inherit(ctx context.Context, heir string) error {
	states, err := j.Sinks(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Heir != heir {
			continue
		}
		delivered, err := j.Delivered(ctx, s.ID)
		if err == nil && delivered {
			err = fmt.Errorf("%w: stop that one first", ErrDelivered)
		}
		if err != nil {
			return fmt.Errorf("taking over sink %q: %w", s.ID, err)
		}
		if err := j.takeOver(ctx, s.ID, heir); err != nil {
			return fmt.Errorf("taking over sink %q: %w", s.ID, err)
		}
		j.set.Logger.InfoContext(ctx, "sink goes on under another name", telemetry.Component("sink", heir), telemetry.Where(s.ID))
	}
	return nil
}

// takeOver copies first and removes last.
func (j *Journal) takeOver(ctx context.Context, sink, heir string) error {
	// Parked lanes before positions: what a position has passed must be known to be parked.
	err := j.scanParked(ctx, j.names.parkedLanes(sink), func(subject string, next uint64) error {
		m := &nats.Msg{Subject: j.names.moved(subject, sink, heir), Data: strconv.AppendUint(nil, next, 10)}
		return j.commit(ctx, j.names.parkedStream(), []*nats.Msg{m})
	})
	if err != nil {
		return fmt.Errorf("copying parked lanes: %w", err)
	}
	for p := range j.stream.Partitions {
		if err := j.copyPosition(ctx, sink, heir, p); err != nil {
			return err
		}
	}
	if err := j.moveDead(ctx, sink, heir); err != nil {
		return err
	}
	if err := j.keepMade(); err != nil { // Before what it replaces is gone.
		return err
	}
	return j.ForgetSink(ctx, sink)
}

func (j *Journal) copyPosition(ctx context.Context, sink, heir string, p int) error {
	floor, err := j.SinkFloor(ctx, sink, p)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil // Done before a crash.
	}
	if err != nil {
		return err
	}
	_, err = j.consumer(ctx, j.names.events(), jetstream.ConsumerConfig{
		Durable: sinkConsumer(heir, p), FilterSubject: j.names.eventsFilter(p),
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: floor + 1,
	})
	return err
}

// moveDead gives the dead letters of sink to heir.
func (j *Journal) moveDead(ctx context.Context, sink, heir string) error {
	err := j.Dead(ctx, sink, "", 0, func(d DeadLetter) error {
		d.Sink = heir
		return j.AppendDead(ctx, d)
	})
	if err != nil {
		return fmt.Errorf("moving dead letters: %w", err)
	}
	filter := jetstream.WithPurgeSubject(j.names.deadFilter(sink, ""))
	if err := j.streams[j.names.dead()].Purge(ctx, filter); err != nil {
		return fmt.Errorf("removing moved dead letters: %w", err)
	}
	return nil
}

// moved returns the subject of a parked lane of sink as one of heir.
func (n names) moved(subject, sink, heir string) string {
	return strings.TrimSuffix(n.parkedOf(heir), ">") + strings.TrimPrefix(subject, strings.TrimSuffix(n.parkedOf(sink), ">"))
}
