package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/telemetry"
)

// historyPage is how many events one read of a history fetches.
const historyPage = 256

// historyPause is how long a history waits for a follower that is behind.
const historyPause = 5 * time.Millisecond

// History returns the kept events of a meeting in EVENTS order, without their bodies. It includes everything whose append was
// answered before the call. A message that is no event, because another program wrote it, is counted and left out: it must not
// stop the meeting (I6).
func (j *Journal) History(ctx context.Context, p int, key string) ([]pipeline.Event, error) {
	events, _, err := j.history(ctx, j.names.events(), j.names.eventSubject(p, key))
	return events, err
}

// history returns the events of a subject, and the sequence of the last message that it had when the reading began; a later
// one may be among the events.
func (j *Journal) history(ctx context.Context, stream, subject string) (events []pipeline.Event, last uint64, err error) {
	if last, err = j.lastSequence(ctx, stream, subject); err != nil || last == 0 {
		return nil, 0, err
	}
	for next := uint64(1); next <= last; {
		page, seen, err := j.historyPage(ctx, stream, subject, next)
		if err != nil {
			return nil, 0, fmt.Errorf("reading history: %w", err)
		}
		if seen == 0 {
			// A follower that has not seen our last append yet, or a purge since the question: ask again.
			if err := pause(ctx, historyPause); err != nil {
				return nil, 0, fmt.Errorf("reading history: %w", err)
			}
			if last, err = j.lastSequence(ctx, stream, subject); err != nil {
				return nil, 0, err
			}
			continue
		}
		events = append(events, page...)
		next = seen + 1
	}
	return events, last, nil
}

// EventsBetween calls f for the kept events that were stored from from up to, not including, to, in EVENTS order and with their
// bodies, until f returns an error, which is returned. An empty key stands for all meetings. What is no event is left out.
func (j *Journal) EventsBetween(ctx context.Context, key string, from, to time.Time, f func(pipeline.Event) error) error {
	stream, filter := j.names.place(PlaceEvents)
	if key != "" {
		filter = j.names.eventSubject(chime.Partition(key, j.stream.Partitions), key)
	}
	first, err := j.firstSince(ctx, stream, from)
	if err != nil || first == 0 {
		return err
	}
	end, err := j.firstSince(ctx, stream, to)
	if err != nil {
		return err
	}
	err = j.scanFrom(ctx, stream, filter, first, func(m Message) error {
		if end > 0 && m.Sequence >= end {
			return errFound
		}
		e, err := m.Event()
		if err != nil {
			j.metrics.foreign.Inc()
			return nil //nolint:nilerr // It must not hide those after it.
		}
		return f(e)
	})
	if errors.Is(err, errFound) {
		return nil
	}
	return err
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

// historyPage returns the events of one page and the sequence of the last message in it, 0 when there was none.
func (j *Journal) historyPage(ctx context.Context, stream, subject string, from uint64) (page []pipeline.Event, seen uint64, err error) {
	msgs, err := jetstreamext.GetBatch(ctx, j.js, stream, historyPage,
		jetstreamext.GetBatchSubject(subject), jetstreamext.GetBatchSeq(from), jetstreamext.GetBatchMaxBytes(feedBytes))
	if err != nil {
		return nil, 0, err
	}
	for raw, err := range msgs {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break
		}
		if err != nil {
			return nil, 0, err
		}
		m := Message{Sequence: raw.Sequence, Header: raw.Header}
		seen = m.Sequence
		e, err := m.Event()
		if err != nil {
			j.metrics.foreign.Inc()
			j.set.Logger.DebugContext(ctx, "message left out of a history", telemetry.Err(err))
			continue
		}
		page = append(page, e)
	}
	return page, seen, nil
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
