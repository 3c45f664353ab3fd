package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Fence is the right to append to EVENTS for one partition. Whoever takes it later ends the right of whoever had it before:
// the server refuses the former owner's appends, a batch as a whole (I3). A Fence has one user at a time, but Epoch may be
// called by anybody.
type Fence struct {
	j         *Journal
	partition int
	seq       atomic.Uint64
}

// TakeFence ends the right of every other owner of partition p and returns ours. Hold the lease of p first.
func (j *Journal) TakeFence(ctx context.Context, p int) (*Fence, error) {
	f := &Fence{j: j, partition: p}
	if err := f.write(ctx); err != nil {
		return nil, fmt.Errorf("taking fence of partition %d: %w", p, err)
	}
	return f, nil
}

// Epoch returns the number that grows with every owner of the partition and with every renewal.
func (f *Fence) Epoch() uint64 { return f.seq.Load() }

// Renew moves the fence to the head of the stream, so that a purge can pass its old place. It fails with ErrFenced when the
// fence is not ours any more.
func (f *Fence) Renew(ctx context.Context) error {
	expect := jetstream.WithExpectLastSequencePerSubject(f.seq.Load())
	if err := f.write(ctx, expect); err != nil {
		return fmt.Errorf("renewing fence of partition %d: %w", f.partition, err)
	}
	return nil
}

// NeedsRenewal reports whether a purge waits for this fence.
func (f *Fence) NeedsRenewal() bool { return f.seq.Load() < f.j.renewBelow.Load() }

func (f *Fence) write(ctx context.Context, opts ...jetstream.PublishOpt) error {
	if err := f.j.writable(needVital); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	m := &nats.Msg{
		Subject: f.j.names.fenceSubject(f.partition),
		Header:  nats.Header{jetstream.MsgRollup: {jetstream.MsgRollupSubject}},
		Data:    []byte(f.j.set.Owner),
	}
	ack, err := f.j.js.PublishMsg(ctx, m, append(opts, jetstream.WithRetryAttempts(0))...)
	if err = classify(err); err == nil {
		err = f.j.durable(f.j.names.events(), ack.Sequence)
	}
	if err != nil {
		return err
	}
	f.seq.Store(ack.Sequence)
	return nil
}

// Append stores msgs in EVENTS if the fence is still ours; at most MaxAppend of them. After ErrFull or ErrRefused none is stored, and
// after ErrFull the same msgs may be appended again. A *pipeline.BatchError names those that are refused; all others are
// stored. After ErrFenced or an error of unknown outcome some may be, from the first
// on, and the partition must be taken anew (I8).
func (f *Fence) Append(ctx context.Context, msgs []*nats.Msg) error {
	if len(msgs) == 0 {
		return nil
	}
	if err := f.j.writable(needAppend); err != nil {
		return fmt.Errorf("appending to %s: %w", f.j.names.events(), err)
	}
	f.guard(msgs)
	size := storedSize(msgs, f.j.server == nil)
	if !f.j.room.take(size) {
		return fmt.Errorf("appending to %s: %w", f.j.names.events(), ErrFull)
	}
	err := f.j.joint.append(ctx, msgs)
	none := errors.Is(err, ErrFull) || errors.Is(err, ErrFenced) || failures(err, len(msgs)) == len(msgs) && errors.Is(err, ErrRefused)
	f.j.room.settle(size, !none)
	if err == nil {
		return nil
	}
	return fmt.Errorf("appending to %s: %w", f.j.names.events(), err)
}

// guard puts the condition of the fence on msgs: on the first one of a batch, on each of those that are stored one by one.
func (f *Fence) guard(msgs []*nats.Msg) {
	seq, subject := []string{strconv.FormatUint(f.seq.Load(), 10)}, []string{f.j.names.fenceSubject(f.partition)}
	if f.j.server == nil {
		msgs = msgs[:1]
	}
	for _, m := range msgs {
		m.Header[jetstream.ExpectedLastSubjSeqHeader], m.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = seq, subject
	}
}

const (
	// perMessage is at least what the server stores with a message beside its subject, header and body.
	perMessage = 32
	// perBatched is what the headers of a batch add to that.
	perBatched = 96
)

// storedSize returns about how many bytes msgs take in a stream.
func storedSize(msgs []*nats.Msg, batched bool) int64 {
	size := perMessage * len(msgs)
	if batched {
		size += perBatched * len(msgs)
	}
	for _, m := range msgs {
		size += sizeOf(m)
	}
	return int64(size)
}

// MaxAppend is how many messages one Append may carry.
const MaxAppend = maxBatch

// LastEpoch returns the epoch of whoever owns or owned partition p last, 0 when nobody ever did.
func (j *Journal) LastEpoch(ctx context.Context, p int) (uint64, error) {
	seq, _, err := j.askLeader(ctx, j.names.events(), map[string]any{"last_by_subj": j.names.fenceSubject(p)})
	if err != nil {
		return 0, fmt.Errorf("reading fence of partition %d: %w", p, err)
	}
	return seq, nil
}
