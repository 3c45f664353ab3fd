package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline"
)

// LateMessage builds the message that keeps e, which missed its place, in LATE: whole, or its headers only, so that copies of
// it are known.
func (j *Journal) LateMessage(p int, e *pipeline.Event, whole bool) *nats.Msg {
	m := &nats.Msg{Subject: j.names.lateSubject(p, e.Key), Header: eventHeader(e)}
	if whole {
		m.Data = e.Body
	}
	return m
}

// AppendLate stores m, a LateMessage, if the last message of its key in LATE is still the one with sequence last, 0 when there
// is to be none, and returns the sequence of m.
//
// LATE has no fence: one atomic batch cannot span two streams, and the fence of EVENTS says nothing about LATE. Instead every
// append names what its writer knows of the key. Of two owners who hold the same late event, the one that comes second knows
// less than LATE has and is refused with ErrFenced; so is one whose own append was stored after an outcome that stayed
// unknown. Both load LATE again with the history of the meeting, and find that the event has its place (I2, I8). Append only
// after all that left before the event is in EVENTS: then whoever owns the partition next finds the event late as well, and
// does not put it into EVENTS.
func (j *Journal) AppendLate(ctx context.Context, m *nats.Msg, last uint64) (uint64, error) {
	m.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(last, 10)}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	err := errors.Join(j.writable(needAppend), j.checkSize(m, 0))
	var ack *jetstream.PubAck
	if err == nil {
		ack, err = j.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
		err = classify(err)
	}
	if err == nil {
		err = j.durable(j.names.late(), ack.Sequence)
	}
	j.count(err, 1)
	if err != nil {
		return 0, fmt.Errorf("appending to %s: %w", j.names.late(), err)
	}
	return ack.Sequence, nil
}

// LateHistory returns the events of a meeting in LATE, in order of sequence and without their bodies, and the sequence of the
// last one, 0 when there is none. It includes everything whose append was answered before the call.
func (j *Journal) LateHistory(ctx context.Context, p int, key string) ([]pipeline.Event, uint64, error) {
	events, last, err := j.history(ctx, j.names.late(), j.names.lateSubject(p, key))
	if n := len(events); n > 0 {
		last = max(last, events[n-1].Sequence)
	}
	return events, last, err
}
