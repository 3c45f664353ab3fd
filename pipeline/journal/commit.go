package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"carillon/pipeline"
)

// commit stores msgs of one stream. In an embedded server they are plain publishes that share one fsync; elsewhere a few are plain
// publishes, and more are one atomic batch. The error is classified. After an atomic batch it concerns all messages; after plain
// publishes it is a *pipeline.BatchError, except when what was stored could not be made durable.
func (j *Journal) commit(ctx context.Context, stream string, msgs []*nats.Msg) error {
	if j.server == nil && len(msgs) > maxPlain {
		return j.commitBatch(ctx, msgs)
	}
	return j.timed(ctx, msgs, func(ctx context.Context, msgs []*nats.Msg) error {
		last, errs := j.out.publish(ctx, msgs)
		err := batchError(errs)
		if failures(err, len(msgs)) == len(msgs) {
			return err
		}
		return cmp.Or(j.durable(stream, last), err)
	})
}

// failures returns how many of n messages an error is about.
func failures(err error, n int) int {
	if be, ok := errors.AsType[*pipeline.BatchError](err); ok {
		return len(be.Failed)
	}
	if err != nil {
		return n
	}
	return 0
}

// durable returns nil once everything is on disk that was stored in a stream before it was called, up to sequence at least. A
// cluster has its own rules.
func (j *Journal) durable(stream string, sequence uint64) error {
	if j.server == nil {
		return nil
	}
	return j.server.durable(stream, sequence)
}

// commitBatch stores msgs as one atomic batch, however few they are: all or none.
func (j *Journal) commitBatch(ctx context.Context, msgs []*nats.Msg) error {
	return j.timed(ctx, msgs, j.publishBatch)
}

func (j *Journal) timed(ctx context.Context, msgs []*nats.Msg, publish func(context.Context, []*nats.Msg) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	begin := time.Now()
	err := publish(ctx, msgs)
	j.metrics.commit.Observe(time.Since(begin).Seconds())
	j.metrics.batch.Observe(float64(len(msgs)))
	j.count(err, len(msgs))
	return err
}

const (
	// maxOpen is how many batches this process has open at once: a server allows 50 in a stream and refuses the next one, and
	// other processes may share the stream.
	maxOpen = 16
	// batchHeader is more than the headers of a batch add to a message.
	batchHeader = 256
)

// publishBatch stores msgs all or none. What the client library would refuse is refused before anything is sent: a batch that
// is cut off in the middle stays open in the server until it times out.
func (j *Journal) publishBatch(ctx context.Context, msgs []*nats.Msg) error {
	for _, m := range msgs {
		m.Reply = ""
	}
	if err := j.checkSizes(msgs, batchHeader); err != nil {
		return err
	}
	select {
	case j.open <- struct{}{}:
		defer func() { <-j.open }()
	case <-ctx.Done():
		return fmt.Errorf("waiting for other batches: %w", ctx.Err())
	}
	_, err := jetstreamext.PublishMsgBatch(ctx, j.js, msgs, jetstreamext.BatchFlowControl{AckFirst: false})
	clearBatchHeaders(msgs)
	return classify(err)
}

// clearBatchHeaders makes msgs fit for another publish: a kept batch header makes the server take it for a part of a batch.
func clearBatchHeaders(msgs []*nats.Msg) {
	for _, m := range msgs {
		m.Header.Del(jetstreamext.BatchIDHeader)
		m.Header.Del(jetstreamext.BatchSeqHeader)
		m.Header.Del(jetstreamext.BatchCommitHeader)
	}
}

// checkSizes refuses msgs when one of them is too large.
func (j *Journal) checkSizes(msgs []*nats.Msg, more int) error {
	for _, m := range msgs {
		if err := j.checkSize(m, more); err != nil {
			return err
		}
	}
	return nil
}

// checkSize refuses what the server would not take with so many bytes of headers more.
func (j *Journal) checkSize(m *nats.Msg, more int) error {
	if size := int64(sizeOf(m) + more); size > j.nc.MaxPayload() {
		return fmt.Errorf("%w: %d bytes are over the server's max_payload of %d", ErrRefused, size, j.nc.MaxPayload())
	}
	return nil
}

// sizeOf returns how many bytes m has on the wire, without putting its headers together as nats.Msg.Size does.
func sizeOf(m *nats.Msg) int {
	const frame, perHeader = len("NATS/1.0\r\n\r\n"), len(": \r\n")
	size := len(m.Subject) + len(m.Reply) + len(m.Data)
	if len(m.Header) > 0 {
		size += frame
	}
	for name, values := range m.Header {
		for _, v := range values {
			size += len(name) + len(v) + perHeader
		}
	}
	return size
}

func batchError(errs []error) error {
	var failed []pipeline.IndexError
	for i, err := range errs {
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: classify(err)})
		}
	}
	switch {
	case failed == nil:
		return nil
	case len(errs) == 1:
		return failed[0].Err
	}
	return &pipeline.BatchError{Failed: failed}
}

// count adds n messages to the outcome that err stands for.
func (j *Journal) count(err error, n int) {
	if be, ok := errors.AsType[*pipeline.BatchError](err); ok {
		for _, f := range be.Failed {
			j.metrics.appends.WithLabelValues(outcome(f.Err)).Inc()
		}
		j.metrics.appends.WithLabelValues(outcomeStored).Add(float64(n - len(be.Failed)))
		return
	}
	j.metrics.appends.WithLabelValues(outcome(err)).Add(float64(n))
}

func outcome(err error) string {
	switch {
	case err == nil:
		return outcomeStored
	case errors.Is(err, ErrFull):
		return outcomeFull
	case errors.Is(err, ErrRefused):
		return outcomeRefused
	case errors.Is(err, ErrFenced):
		return outcomeFenced
	}
	return outcomeUnknown
}
