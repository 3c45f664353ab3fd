package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"carillon/pipeline"
)

// historyPage is how many events one read of a history fetches.
const historyPage = 256

// codeNoMessage is what the server answers when no message matches.
const codeNoMessage = 10037

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
		return j.askLeader(ctx, stream, map[string]any{"last_by_subj": subject})
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
	return j.askLeader(ctx, j.names.raw(), map[string]any{"seq": seq + 1, "next_by_subj": j.names.rawSubject(p)})
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

func (j *Journal) askLeader(ctx context.Context, stream string, request map[string]any) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	body, err := json.Marshal(request)
	if err != nil {
		return 0, fmt.Errorf("asking stream %s: %w", stream, err)
	}
	resp, err := j.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, body)
	if err != nil {
		return 0, fmt.Errorf("asking stream %s: %w", stream, err)
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message struct {
			Sequence uint64 `json:"seq"`
		} `json:"message"`
	}
	if err := json.Unmarshal(resp.Data, &answer); err != nil {
		return 0, fmt.Errorf("reading answer of stream %s: %w", stream, err)
	}
	if answer.Error == nil {
		return answer.Message.Sequence, nil
	}
	if answer.Error.ErrorCode == codeNoMessage {
		return 0, nil
	}
	return 0, fmt.Errorf("asking stream %s: %w", stream, answer.Error)
}
