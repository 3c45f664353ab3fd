package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// maxExcerpt is how many bytes of the far side's answer a dead letter keeps.
const maxExcerpt = 1024

// DeadLetter is an event that a sink gave up.
type DeadLetter struct {
	pipeline.Event
	// Sink is the id of the sink.
	Sink string
	// Reason is the last error, without payload.
	Reason string
	// Excerpt is the beginning of what the far side answered; empty when it said nothing or the sink does not tell.
	Excerpt string
	// Attempts is how often the event was sent.
	Attempts int
	// Died is when it was given up.
	Died time.Time
	// Place is where it is in DEAD; only in one that was read.
	Place uint64
	// Stripped says that the body was left out because it did not fit in with its reason. EVENTS has it.
	Stripped bool
}

// AppendDead stores d. The same event of the same sink has one place, so storing it again changes nothing but what is said about
// it (I5).
func (j *Journal) AppendDead(ctx context.Context, d DeadLetter) error {
	if err := j.writable(needAppend); err != nil {
		return err
	}
	h := eventHeader(&d.Event)
	h[HeaderSink] = []string{d.Sink}
	h[HeaderReason] = []string{clean(d.Reason)}
	h[HeaderAttempts] = []string{strconv.Itoa(d.Attempts)}
	h[HeaderSequence] = []string{strconv.FormatUint(d.Sequence, 10)}
	h[HeaderDied] = []string{formatMillis(d.Died)}
	if d.Excerpt != "" {
		h[HeaderExcerpt] = []string{strconv.QuoteToASCII(d.Excerpt[:min(len(d.Excerpt), maxExcerpt)])}
	}
	if d.Stripped {
		h[HeaderStripped] = []string{"1"}
	}
	return j.commit(ctx, j.names.dead(), []*nats.Msg{{Subject: j.names.deadSubject(d.Sink, d.Key, d.ID), Header: h, Data: d.Body}})
}

// DeadLetter reads m, a message of DEAD.
func (m *Message) DeadLetter() (DeadLetter, error) {
	e, err := m.Event()
	if err != nil {
		return DeadLetter{}, err
	}
	d := DeadLetter{
		Event: e, Sink: value(m.Header, HeaderSink), Reason: value(m.Header, HeaderReason), Place: m.Sequence,
		Died: m.Stored, Stripped: value(m.Header, HeaderStripped) != "",
	}
	d.Attempts, _ = strconv.Atoi(value(m.Header, HeaderAttempts))
	d.Excerpt, _ = strconv.Unquote(value(m.Header, HeaderExcerpt)) // Empty when there is none.
	if ms, err := strconv.ParseInt(value(m.Header, HeaderDied), 10, 64); err == nil {
		d.Died = time.UnixMilli(ms).UTC()
	}
	if d.Sequence, err = strconv.ParseUint(value(m.Header, HeaderSequence), 10, 64); err != nil {
		return d, fmt.Errorf("reading message %d: its headers are not those of a dead letter", m.Sequence)
	}
	return d, nil
}

// DeadIn returns the identities that sink has dead letters of in partition p, each with its key, so that a restart does not send
// them again. At most limit are returned.
func (j *Journal) DeadIn(ctx context.Context, sink string, p, limit int) (map[chime.Identity]string, error) {
	info, err := j.streams[j.names.dead()].Info(ctx, jetstream.WithSubjectFilter(j.names.deadFilter(sink, "")))
	if err != nil {
		return nil, fmt.Errorf("listing dead letters: %w", err)
	}
	ids := make(map[chime.Identity]string)
	for subject := range info.State.Subjects {
		if len(ids) == limit {
			break
		}
		parts := strings.Split(subject, ".")
		key := parts[len(parts)-2]
		id, err := chime.ParseIdentity(parts[len(parts)-1])
		if err == nil && chime.Partition(key, j.stream.Partitions) == p {
			ids[id] = key
		}
	}
	return ids, nil
}

// DeadCounts adds up how many dead letters each sink has.
func (j *Journal) DeadCounts(ctx context.Context, counts map[string]int) error {
	info, err := j.streams[j.names.dead()].Info(ctx, jetstream.WithSubjectFilter(j.names.deadFilter("", "")))
	if err != nil {
		return fmt.Errorf("counting dead letters: %w", err)
	}
	for subject, n := range info.State.Subjects {
		if parts := strings.Split(subject, "."); len(parts) > 3 {
			counts[parts[2]] += int(n) //nolint:gosec // no stream has more
		}
	}
	return nil
}

// DeadOf returns the dead letter that sink has of the event id of key; false when there is none.
func (j *Journal) DeadOf(ctx context.Context, sink, key string, id chime.Identity) (DeadLetter, bool, error) {
	return j.deadLetter(ctx, map[string]any{"last_by_subj": j.names.deadSubject(sink, key, id)})
}

// DeadAt returns the dead letter at place; false when there is none.
func (j *Journal) DeadAt(ctx context.Context, place uint64) (DeadLetter, bool, error) {
	return j.deadLetter(ctx, map[string]any{"seq": place})
}

func (j *Journal) deadLetter(ctx context.Context, request map[string]any) (DeadLetter, bool, error) {
	m, ok, err := j.leaderMessage(ctx, j.names.dead(), request)
	if err != nil || !ok {
		return DeadLetter{}, false, err
	}
	d, err := m.DeadLetter()
	return d, err == nil, err
}

// DropDead removes the dead letter at place. That it is gone already is no error.
func (j *Journal) DropDead(ctx context.Context, place uint64) error {
	return j.remove(ctx, j.names.dead(), place)
}

// Dead calls f for every dead letter of sink and key in order of their places, from place on, until f returns an error, which is
// returned. Empty names stand for all. What is no dead letter is left out.
func (j *Journal) Dead(ctx context.Context, sink, key string, place uint64, f func(DeadLetter) error) error {
	return j.scanFrom(ctx, j.names.dead(), j.names.deadFilter(sink, key), place, func(m Message) error {
		d, err := m.DeadLetter()
		if err != nil {
			j.metrics.foreign.Inc()
			return nil //nolint:nilerr // It must not hide those after it.
		}
		return f(d)
	})
}

// remove deletes the message at place.
func (j *Journal) remove(ctx context.Context, stream string, place uint64) error {
	if err := j.writable(needVital); err != nil {
		return fmt.Errorf("removing message %d of stream %s: %w", place, stream, err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), apiTimeout)
	defer cancel()
	err := j.streams[stream].DeleteMsg(ctx, place)
	if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	if seq, _, look := j.askLeader(ctx, stream, map[string]any{"seq": place}); look == nil && seq == 0 {
		return nil // The server has no code of its own for a message that is gone.
	}
	return fmt.Errorf("removing message %d of stream %s: %w", place, stream, err)
}
