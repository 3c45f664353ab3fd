package journal

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// Quarantined is a notification that cannot become an event, kept whole.
type Quarantined struct {
	// Source is the id of the source that brought it.
	Source string
	// Reason says in one line what is wrong and, where a person can mend it, what to change. It holds no payload.
	Reason string
	// Received is when it reached this router.
	Received time.Time
	// Trace is the path's own identifier of the delivery; empty when there is none.
	Trace string
	// Body is what was received.
	Body []byte
}

// AppendRaw stores notifications in RAW; see Appender.Append.
func (j *Journal) AppendRaw(ctx context.Context, msgs []*nats.Msg) error {
	if err := j.writable(needAppend); err != nil {
		return err
	}
	return j.raw.Append(ctx, msgs)
}

// Quarantine stores q whole; a body over the server's limit is kept in parts that share a Carillon-Id and count in
// Carillon-Part. Several calls share one commit.
func (j *Journal) Quarantine(ctx context.Context, q Quarantined) error {
	if err := j.writable(needAppend); err != nil {
		return err
	}
	limit := j.MaxBody()
	parts := max(1, (len(q.Body)+limit-1)/limit)
	id := nuid.Next()
	msgs := make([]*nats.Msg, parts)
	for i := range msgs {
		h := nats.Header{
			HeaderSource: {q.Source}, HeaderReason: {clean(q.Reason)}, HeaderReceived: {formatMillis(q.Received)},
		}
		if q.Trace != "" {
			h[HeaderTrace] = []string{clean(q.Trace)}
		}
		if parts > 1 {
			h[HeaderID], h[HeaderPart] = []string{id}, []string{strconv.Itoa(i+1) + "/" + strconv.Itoa(parts)}
		}
		msgs[i] = &nats.Msg{Subject: j.names.quarantineSubject(q.Source), Header: h, Data: q.Body[i*limit : min(len(q.Body), (i+1)*limit)]}
	}
	return j.qua.Append(ctx, msgs)
}

// DeadLetter is an event that a sink gave up.
type DeadLetter struct {
	pipeline.Event
	// Sink is the id of the sink.
	Sink string
	// Reason is the last error, without payload.
	Reason string
	// Attempts is how often the event was sent.
	Attempts int
}

// AppendDead stores d. The same event of the same sink has one place, so storing it again changes nothing (I5).
func (j *Journal) AppendDead(ctx context.Context, d DeadLetter) error {
	if err := j.writable(needAppend); err != nil {
		return err
	}
	h := eventHeader(&d.Event)
	h[HeaderSink] = []string{d.Sink}
	h[HeaderReason] = []string{clean(d.Reason)}
	h[HeaderAttempts] = []string{strconv.Itoa(d.Attempts)}
	h[HeaderSequence] = []string{strconv.FormatUint(d.Sequence, 10)}
	return j.commit(ctx, j.names.dead(), []*nats.Msg{{Subject: j.names.deadSubject(d.Sink, d.Key, d.ID), Header: h, Data: d.Body}})
}

// DeadIn returns the identities that sink has dead letters of, so that a restart does not send them again. At most limit
// are returned.
func (j *Journal) DeadIn(ctx context.Context, sink string, limit int) (map[chime.Identity]struct{}, error) {
	info, err := j.streams[j.names.dead()].Info(ctx, jetstream.WithSubjectFilter(j.names.deadFilter(sink)))
	if err != nil {
		return nil, fmt.Errorf("listing dead letters: %w", err)
	}
	ids := make(map[chime.Identity]struct{}, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		if len(ids) == limit {
			break
		}
		if id, err := chime.ParseIdentity(subject[max(0, len(subject)-32):]); err == nil {
			ids[id] = struct{}{}
		}
	}
	return ids, nil
}
