package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"carillon/pipeline"
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
	if a.j.server != nil {
		a.commitPlain(ctx, calls)
		return
	}
	if len(calls) == 1 {
		calls[0].done <- a.j.commitWhole(ctx, calls[0].msgs)
		return
	}
	var msgs []*nats.Msg
	for _, c := range calls {
		msgs = append(msgs, c.msgs...)
	}
	if len(msgs) == len(calls) && len(msgs) <= maxPlain {
		err := a.j.commit(ctx, a.j.names.events(), msgs)
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
		return j.commit(ctx, j.names.events(), msgs)
	}
	return j.commitBatch(ctx, msgs)
}

// commitPlain stores calls as publishes, each with the condition of its fence, that share one fsync. The server takes them in
// their order, so that a crash leaves the beginning of each part, and reading RAW again adds the rest (I8).
func (a *joint) commitPlain(ctx context.Context, calls []*jointCall) {
	var msgs []*nats.Msg
	sent := calls[:0]
	for _, c := range calls {
		if err := a.j.checkSizes(c.msgs, 0); err != nil {
			c.done <- err
			continue
		}
		sent, msgs = append(sent, c), append(msgs, c.msgs...)
	}
	if len(sent) == 0 {
		return
	}
	errs := pipeline.FailedAt(a.j.commit(ctx, a.j.names.events(), msgs), len(msgs))
	for _, c := range sent {
		c.done <- whole(errs[:len(c.msgs)])
		errs = errs[len(c.msgs):]
	}
}

// whole returns what became of messages that belong together, given what became of each: an error that says that nothing was
// stored only if nothing was; a *pipeline.BatchError when all but some are stored that the server will never take. Any other part
// is an outcome that nobody can go on from but by reading again (I8).
func whole(errs []error) error {
	var failed []pipeline.IndexError
	refused := true
	for i, err := range errs {
		if errors.Is(err, ErrFenced) {
			return err
		}
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
			refused = refused && errors.Is(err, ErrRefused)
		}
	}
	switch {
	case len(failed) == 0:
		return nil
	case len(failed) == len(errs):
		return failed[0].Err
	case refused:
		return &pipeline.BatchError{Failed: failed}
	}
	return fmt.Errorf("%w of %d: %v", errPart, len(errs), failed[0].Err) //nolint:errorlint // it must not say that nothing was stored
}

var errPart = errors.New("storing only a part")
