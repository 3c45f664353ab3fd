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
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	m := &nats.Msg{
		Subject: f.j.names.fenceSubject(f.partition),
		Header:  nats.Header{jetstream.MsgRollup: {jetstream.MsgRollupSubject}},
		Data:    []byte(f.j.set.Owner),
	}
	ack, err := f.j.js.PublishMsg(ctx, m, append(opts, jetstream.WithRetryAttempts(0))...)
	if err != nil {
		return classify(err)
	}
	f.seq.Store(ack.Sequence)
	return nil
}

// Append stores msgs in EVENTS, all or none, if the fence is still ours; at most MaxAppend of them. After ErrFull the same
// msgs may be appended again; after ErrFenced or an error of unknown outcome the partition must be taken anew (I8).
func (f *Fence) Append(ctx context.Context, msgs []*nats.Msg) error {
	if len(msgs) == 0 {
		return nil
	}
	size := storedSize(msgs)
	if !f.j.room.take(size) {
		return fmt.Errorf("appending to %s: %w", f.j.names.events(), ErrFull)
	}
	first := msgs[0].Header
	first[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(f.seq.Load(), 10)}
	first[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{f.j.names.fenceSubject(f.partition)}
	err := f.j.joint.append(ctx, msgs)
	f.j.room.settle(size, !errors.Is(err, ErrFull) && !errors.Is(err, ErrFenced) && !errors.Is(err, ErrRefused))
	if err == nil {
		return nil
	}
	return fmt.Errorf("appending to %s: %w", f.j.names.events(), err)
}

// perMessage is at least what the server stores with a message beside its subject, header and body: its own bookkeeping and
// the headers of a batch.
const perMessage = 128

// storedSize returns about how many bytes msgs take in a stream.
func storedSize(msgs []*nats.Msg) int64 {
	size := 0
	for _, m := range msgs {
		size += sizeOf(m) + perMessage
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
