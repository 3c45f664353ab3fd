package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// Place names one of the streams.
type Place int

// The places a notification can be in.
const (
	PlaceRaw Place = iota
	PlaceEvents
	PlaceLate
	PlaceQuarantine
	PlaceDead
)

// place returns stream and subject filter of p. Fences are no events.
func (n names) place(p Place) (stream, filter string) {
	switch p {
	case PlaceRaw:
		return n.raw(), n.prefix + ".raw.*"
	case PlaceEvents:
		return n.events(), n.prefix + ".events.*.*"
	case PlaceLate:
		return n.late(), n.prefix + ".late.*.*"
	case PlaceQuarantine:
		return n.quarantine(), n.prefix + ".quarantine.*"
	case PlaceDead:
		return n.dead(), n.prefix + ".dead.*.*.*"
	}
	return "", ""
}

// Scan calls f for every message of a place that was there when Scan began, in order of sequence, until f returns an error,
// which is returned. It takes no part in acknowledging: nothing changes by it.
func (j *Journal) Scan(ctx context.Context, p Place, f func(Message) error) error {
	stream, filter := j.names.place(p)
	return j.scanFrom(ctx, stream, filter, 0, f)
}

// scanFrom does what Scan does for the messages that match filter from sequence from on.
func (j *Journal) scanFrom(ctx context.Context, stream, filter string, from uint64, f func(Message) error) error {
	info, err := j.streams[stream].Info(ctx)
	if err != nil {
		return fmt.Errorf("asking for stream %s: %w", stream, err)
	}
	last := info.State.LastSeq
	for next := max(info.State.FirstSeq, from, 1); next <= last; {
		seq, err := j.scanPage(ctx, stream, filter, next, last, f)
		if err != nil {
			return err
		}
		if seq == 0 {
			return nil
		}
		next = seq + 1
	}
	return nil
}

// scanPage calls f for one page and returns the last sequence of it, 0 when there was nothing.
func (j *Journal) scanPage(ctx context.Context, stream, filter string, from, last uint64, f func(Message) error) (uint64, error) {
	msgs, err := jetstreamext.GetBatch(ctx, j.js, stream, historyPage,
		jetstreamext.GetBatchSubject(filter), jetstreamext.GetBatchSeq(from), jetstreamext.GetBatchMaxBytes(feedBytes))
	if err != nil {
		return 0, fmt.Errorf("reading stream %s: %w", stream, err)
	}
	var page []*jetstream.RawStreamMsg
	for m, err := range msgs {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break
		}
		if err != nil {
			return 0, fmt.Errorf("reading stream %s: %w", stream, err)
		}
		page = append(page, m)
	}
	if len(page) == 0 {
		// A busy server may answer that there is nothing: what it has is asked once more, because a reader that ends too early
		// takes events for settled, or for lost.
		first, _, err := j.firstFrom(ctx, stream, filter, from)
		if err != nil || first == 0 || first > last {
			return 0, err
		}
		if err := pause(ctx, historyPause); err != nil {
			return 0, fmt.Errorf("reading stream %s: %w", stream, err)
		}
		return j.scanPage(ctx, stream, filter, first, last, f)
	}
	var seq uint64
	for _, m := range page {
		seq = m.Sequence
		if seq > last {
			break
		}
		if err := f(Message{Sequence: m.Sequence, Stored: m.Time, Subject: m.Subject, Header: m.Header, Body: m.Data}); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

// RawFloors returns up to which RAW sequence each partition was acknowledged.
func (j *Journal) RawFloors(ctx context.Context) ([]uint64, error) {
	floors := make([]uint64, j.stream.Partitions)
	for p := range floors {
		c, err := j.js.Consumer(ctx, j.names.raw(), rawConsumer(p))
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("asking for consumer %s: %w", rawConsumer(p), err)
		}
		floors[p] = c.CachedInfo().AckFloor.Stream
	}
	return floors, nil
}
