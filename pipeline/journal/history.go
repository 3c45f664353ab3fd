package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"carillon/pipeline"
)

// historyPage is how many events one read of a history fetches.
const historyPage = 256

// historyPause is how long a history waits for a follower that is behind.
const historyPause = 5 * time.Millisecond

// History returns the kept events of a meeting in EVENTS order, without their bodies. It includes everything whose append was
// answered before the call.
func (j *Journal) History(ctx context.Context, p int, key string) ([]pipeline.Event, error) {
	subject := j.names.eventSubject(p, key)
	last, err := j.lastSequence(ctx, j.names.events(), subject)
	if err != nil || last == 0 {
		return nil, err
	}
	var events []pipeline.Event
	for next := uint64(1); next <= last; {
		page, err := j.historyPage(ctx, subject, next)
		if err != nil {
			return nil, fmt.Errorf("reading history: %w", err)
		}
		if len(page) == 0 {
			// A follower that has not seen our last append yet, or a purge since the question: ask again.
			if err := pause(ctx, historyPause); err != nil {
				return nil, fmt.Errorf("reading history: %w", err)
			}
			if last, err = j.lastSequence(ctx, j.names.events(), subject); err != nil {
				return nil, err
			}
			continue
		}
		events = append(events, page...)
		next = page[len(page)-1].Sequence + 1
	}
	return events, nil
}

// pause waits for d or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) historyPage(ctx context.Context, subject string, from uint64) ([]pipeline.Event, error) {
	msgs, err := jetstreamext.GetBatch(ctx, j.js, j.names.events(), historyPage,
		jetstreamext.GetBatchSubject(subject), jetstreamext.GetBatchSeq(from), jetstreamext.GetBatchMaxBytes(feedBytes))
	if err != nil {
		return nil, err
	}
	var page []pipeline.Event
	for raw, err := range msgs {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break
		}
		if err != nil {
			return nil, err
		}
		m := Message{Sequence: raw.Sequence, Header: raw.Header}
		e, err := m.Event()
		if err != nil {
			return nil, err
		}
		page = append(page, e)
	}
	return page, nil
}

// lastSequence returns the sequence of the last message of subject, 0 when there is none. With replicas the leader is asked:
// a direct get may come from a follower that is behind.
func (j *Journal) lastSequence(ctx context.Context, stream, subject string) (uint64, error) {
	if j.stream.Replicas > 1 {
		seq, _, err := j.askLeader(ctx, stream, map[string]any{"last_by_subj": subject})
		return seq, err
	}
	m, err := j.streams[stream].GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading last message of a subject: %w", err)
	}
	return m.Sequence, nil
}

// RawBeyond returns the sequence of the first record of partition p after seq, 0 when there is none: whoever has read up to
// seq and gets 0 has read everything that was stored before the question.
func (j *Journal) RawBeyond(ctx context.Context, p int, seq uint64) (uint64, error) {
	next, _, err := j.firstFrom(ctx, j.names.raw(), j.names.rawSubject(p), seq+1)
	return next, err
}

// StoreDelay is by how much a record may become visible after the time that it was stored with: nothing on one server, where
// both happen under one lock; with replicas the leader stamps a record before the others have agreed to it.
func (j *Journal) StoreDelay() time.Duration {
	if j.stream.Replicas > 1 {
		return replicaDelay
	}
	return 0
}

// replicaDelay is far above the time a healthy cluster needs to agree on a record.
const replicaDelay = 500 * time.Millisecond
