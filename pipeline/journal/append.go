package journal

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"carillon/pipeline"
)

const (
	// maxBatch is the server's limit of messages in an atomic batch.
	maxBatch = 1000
	// maxBatchBytes bounds what one commit holds in memory here and in the server.
	maxBatchBytes = 4 << 20
	// maxPlain is up to how many messages go as plain publishes: with fsync a batch costs 2.2 ms whatever its size up to 50,
	// a plain publish 0.28 ms (facts/jetstream.md, measured on a disk with 0.56 ms per fsync).
	maxPlain = 4
	// commitTimeout is when the outcome of a commit counts as unknown.
	commitTimeout = 8 * time.Second
	// freshness is how long a failed commit says something about the next one: whoever is told to send elsewhere must be
	// allowed to come back without having tried.
	freshness = 5 * time.Second
)

// Appender is a group commit: everything that waits goes to the stream as one atomic batch, and the next batch gathers while
// one is in flight. Nobody waits for a timer.
type Appender struct {
	j       *Journal
	stream  string
	queue   chan *appendCall
	stopped chan struct{}
	last    atomic.Pointer[ending]
}

// ending is how a commit ended.
type ending struct {
	err error
	at  time.Time
}

// appendCall is one caller that waits for its messages.
type appendCall struct {
	msgs []*nats.Msg
	next int // the first message that is in no batch yet
	left int // how many have no outcome yet
	errs []error
	done chan struct{}
}

// waiting is one message on its way with the place its outcome belongs to.
type waiting struct {
	msg  *nats.Msg
	call *appendCall
	at   int
}

func (j *Journal) newAppender(ctx context.Context, stream string) *Appender {
	a := &Appender{j: j, stream: stream, queue: make(chan *appendCall), stopped: make(chan struct{})}
	j.wg.Go(func() { a.run(ctx) })
	return a
}

// Append stores msgs and returns nil once all of them are stored. A *pipeline.BatchError tells by index which are not. When
// ctx ends before the outcome is known the error of ctx is returned and the messages may still be stored; the appender goes on
// using them, so do not append the same ones again.
func (a *Appender) Append(ctx context.Context, msgs []*nats.Msg) error {
	if len(msgs) == 0 {
		return nil
	}
	c := &appendCall{msgs: msgs, left: len(msgs), errs: make([]error, len(msgs)), done: make(chan struct{})}
	select {
	case a.queue <- c:
	case <-a.stopped:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-c.done:
		return c.result()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// AppendRaw stores notifications in RAW; see Appender.Append.
func (j *Journal) AppendRaw(ctx context.Context, msgs []*nats.Msg) error {
	if err := j.writable(needAppend); err != nil {
		return err
	}
	return j.raw.Append(ctx, msgs)
}

func (c *appendCall) result() error {
	var failed []pipeline.IndexError
	for i, err := range c.errs {
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
		}
	}
	if failed == nil {
		return nil
	}
	return &pipeline.BatchError{Failed: failed}
}

// settle records the outcome of message at. Only the appender's goroutine calls it.
func (c *appendCall) settle(at int, err error) {
	c.errs[at] = err
	if c.left--; c.left == 0 {
		close(c.done)
	}
}

// run gathers and commits until ctx ends; then it fails whoever still waits.
func (a *Appender) run(ctx context.Context) {
	defer close(a.stopped)
	var calls []*appendCall
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
		var batch []waiting
		batch, calls = take(calls)
		a.commit(ctx, batch)
		if ctx.Err() != nil {
			failAll(calls, errStopped)
			return
		}
	}
}

// gather adds the callers that wait right now, as many as one batch can use.
func (a *Appender) gather(calls []*appendCall) []*appendCall {
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

// take cuts the next batch from the front of calls, within the limits of count and bytes.
func take(calls []*appendCall) ([]waiting, []*appendCall) {
	var batch []waiting
	size := 0
	for len(calls) > 0 {
		c := calls[0]
		for ; c.next < len(c.msgs); c.next++ {
			m := c.msgs[c.next]
			if len(batch) == maxBatch || (len(batch) > 0 && size+len(m.Data) > maxBatchBytes) {
				return batch, calls
			}
			batch = append(batch, waiting{msg: m, call: c, at: c.next})
			size += len(m.Data)
		}
		calls = calls[1:]
	}
	return batch, nil
}

func failAll(calls []*appendCall, err error) {
	for _, c := range calls {
		for ; c.next < len(c.msgs); c.next++ {
			c.settle(c.next, err)
		}
	}
}

// commit stores batch and settles each of its messages. A batch that holds a message which the server refuses is halved until
// that message is alone, so that it never fails its neighbours.
func (a *Appender) commit(ctx context.Context, batch []waiting) {
	if len(batch) == 0 {
		return
	}
	msgs := make([]*nats.Msg, len(batch))
	for i, w := range batch {
		msgs[i] = w.msg
	}
	err := a.j.commit(ctx, a.stream, msgs)
	if refusedWhole(err) && len(batch) > 1 {
		half := len(batch) / 2
		a.commit(ctx, batch[:half])
		a.commit(ctx, batch[half:])
		return
	}
	a.remember(err)
	for i, w := range batch {
		w.call.settle(w.at, errorAt(err, i))
	}
}

// refusedWhole reports whether an atomic batch was refused for one of its messages. Plain publishes were refused one by one.
func refusedWhole(err error) bool {
	_, single := errors.AsType[*pipeline.BatchError](err)
	return errors.Is(err, ErrRefused) && !single
}

// remember keeps how the latest commit ended; a refused message says nothing about the journal.
func (a *Appender) remember(err error) {
	if be, ok := errors.AsType[*pipeline.BatchError](err); ok {
		err = nil
		for _, f := range be.Failed {
			if !errors.Is(f.Err, ErrRefused) {
				err = f.Err
			}
		}
	}
	if errors.Is(err, ErrRefused) {
		err = nil
	}
	a.last.Store(&ending{err: err, at: time.Now()})
}

// errorAt returns what a commit said about message i.
func errorAt(err error, i int) error {
	be, ok := errors.AsType[*pipeline.BatchError](err)
	if !ok {
		return err
	}
	for _, f := range be.Failed {
		if f.Index == i {
			return f.Err
		}
	}
	return nil
}

// lastError returns how the latest commit ended, nil before the first and when it is too long ago to say anything.
func (a *Appender) lastError(now time.Time) error {
	if e := a.last.Load(); e != nil && now.Sub(e.at) < freshness {
		return e.err
	}
	return nil
}
