package journal

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
)

func newCall(sizes ...int) *appendCall {
	c := &appendCall{left: len(sizes), errs: make([]error, len(sizes)), done: make(chan struct{})}
	for _, size := range sizes {
		c.msgs = append(c.msgs, &nats.Msg{Data: make([]byte, size)})
	}
	return c
}

// TestTake cuts any mix of calls and expects every message once, in order, within the limits, and no batch smaller than the
// limits ask for.
func TestTake(t *testing.T) {
	sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 700, 100_000, 3 << 20, 5 << 20}), 1, 600)
	rapid.Check(t, func(t *rapid.T) {
		var calls []*appendCall
		var want []waiting
		for _, s := range rapid.SliceOfN(sizes, 0, 5).Draw(t, "calls") {
			c := newCall(s...)
			calls = append(calls, c)
			for i, m := range c.msgs {
				want = append(want, waiting{msg: m, call: c, at: i})
			}
		}
		var got []waiting
		for len(calls) > 0 {
			var batch []waiting
			batch, calls = take(calls)
			size := 0
			for _, w := range batch {
				size += len(w.msg.Data)
			}
			if len(batch) == 0 || len(batch) > maxBatch || (size > maxBatchBytes && len(batch) > 1) {
				t.Fatalf("a batch of %d messages and %d bytes", len(batch), size)
			}
			got = append(got, batch...)
			if len(got) < len(want) && len(batch) < maxBatch && size+len(want[len(got)].msg.Data) <= maxBatchBytes {
				t.Fatalf("a batch of %d messages and %d bytes left out one that fits", len(batch), size)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d of %d messages", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("message %d is another one", i)
			}
		}
	})
}

func TestGatherTakesWhoWaitsAndWaitsForNobody(t *testing.T) {
	a := &Appender{queue: make(chan *appendCall, 2*maxBatch)}
	require.Empty(t, a.gather(nil))
	for range maxBatch + 5 {
		a.queue <- newCall(1)
	}
	calls := a.gather([]*appendCall{newCall(1)})
	require.Len(t, calls, maxBatch)
	require.Len(t, a.queue, 6)
}

func TestFailAllLeavesOutcomesAlone(t *testing.T) {
	c := newCall(1, 1, 1)
	c.next = 1
	failAll([]*appendCall{c}, errStopped)
	select {
	case <-c.done:
		require.Fail(t, "message 0 is still on its way")
	default:
	}
	c.settle(0, nil)
	<-c.done
	var be *pipeline.BatchError
	require.ErrorAs(t, c.result(), &be)
	require.Len(t, be.Failed, 2)
	require.Equal(t, 1, be.Failed[0].Index)
	require.ErrorIs(t, be, errStopped)
}

func TestErrorAt(t *testing.T) {
	batch := &pipeline.BatchError{Failed: []pipeline.IndexError{{Index: 1, Err: ErrRefused}}}
	require.NoError(t, errorAt(nil, 0))
	require.NoError(t, errorAt(batch, 0))
	require.ErrorIs(t, errorAt(batch, 1), ErrRefused)
	require.ErrorIs(t, errorAt(ErrFull, 7), ErrFull)
}

func TestLastErrorIsOfTheJournal(t *testing.T) {
	a := &Appender{}
	require.NoError(t, a.lastError(time.Now()))
	a.remember(ErrFull)
	require.ErrorIs(t, a.lastError(time.Now()), ErrFull)
	a.remember(ErrRefused)
	require.NoError(t, a.lastError(time.Now()), "a message that is refused is no fault of the journal")
	a.remember(&pipeline.BatchError{Failed: []pipeline.IndexError{{Index: 0, Err: ErrRefused}, {Index: 1, Err: ErrFull}}})
	require.ErrorIs(t, a.lastError(time.Now()), ErrFull)
	a.remember(nil)
	require.NoError(t, a.lastError(time.Now()))
}
