package journal

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
)

// joint is the group commit of EVENTS. What several partitions append while a commit is in flight goes as one atomic batch, in
// which every part brings the condition of its own fence: a batch costs the server a temporary store and an fsync whatever its
// size, so eight partitions that append alone pay that eight times.
type joint struct {
	j       *Journal
	queue   chan *jointCall
	stopped chan struct{}
}

// jointCall is the append of one partition: stored whole or not at all.
type jointCall struct {
	msgs []*nats.Msg
	size int
	done chan error
}

func (j *Journal) newJoint(ctx context.Context) *joint {
	a := &joint{j: j, queue: make(chan *jointCall), stopped: make(chan struct{})}
	j.wg.Go(func() { a.run(ctx) })
	return a
}

// append stores msgs, which share a fence, and returns how it ended. When ctx ends first its error is returned and the outcome is
// unknown.
func (a *joint) append(ctx context.Context, msgs []*nats.Msg) error {
	c := &jointCall{msgs: msgs, done: make(chan error, 1)}
	for _, m := range msgs {
		c.size += len(m.Data)
	}
	select {
	case a.queue <- c:
	case <-a.stopped:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run gathers and commits until ctx ends; then it fails whoever still waits.
func (a *joint) run(ctx context.Context) {
	defer close(a.stopped)
	var calls []*jointCall
	for {
		if len(calls) == 0 {
			select {
			case c := <-a.queue:
				calls = append(calls, c)
			case <-ctx.Done():
				return
			}
		}
		calls = a.gather(calls)
		n := cutJoint(calls)
		a.commit(ctx, calls[:n])
		calls = calls[n:]
		if ctx.Err() != nil {
			for _, c := range calls {
				c.done <- errStopped
			}
			return
		}
	}
}

// gather adds the partitions that wait right now.
func (a *joint) gather(calls []*jointCall) []*jointCall {
	for len(calls) < maxBatch {
		select {
		case c := <-a.queue:
			calls = append(calls, c)
		default:
			return calls
		}
	}
	return calls
}

// cutJoint returns how many of calls fit into one batch, at least one.
func cutJoint(calls []*jointCall) int {
	msgs, size := 0, 0
	for i, c := range calls {
		msgs += len(c.msgs)
		size += c.size
		if i > 0 && (msgs > maxBatch || size > maxBatchBytes) {
			return i
		}
	}
	return len(calls)
}

// commit stores calls together. When the batch is refused for one of them, each goes alone, so that a partition that lost its
// fence or has a message that does not fit never fails its neighbours.
func (a *joint) commit(ctx context.Context, calls []*jointCall) {
	if len(calls) == 1 {
		calls[0].done <- a.j.commitWhole(ctx, calls[0].msgs)
		return
	}
	var msgs []*nats.Msg
	for _, c := range calls {
		msgs = append(msgs, c.msgs...)
	}
	if len(msgs) == len(calls) && len(msgs) <= maxPlain {
		err := a.j.commit(ctx, msgs)
		for i, c := range calls {
			c.done <- errorAt(err, i)
		}
		return
	}
	err := a.j.commitBatch(ctx, msgs)
	alone := errors.Is(err, ErrFenced) || errors.Is(err, ErrRefused)
	for _, c := range calls {
		if alone {
			err = a.j.commitWhole(ctx, c.msgs)
		}
		c.done <- err
	}
}

// commitWhole stores msgs all or none.
func (j *Journal) commitWhole(ctx context.Context, msgs []*nats.Msg) error {
	if len(msgs) == 1 {
		return j.commit(ctx, msgs)
	}
	return j.commitBatch(ctx, msgs)
}
