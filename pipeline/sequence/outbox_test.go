package sequence

import (
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestOutboxOfAFullJournal refuses a batch for want of room, again and again, and expects one event to go alone after that, batches
// that grow again with every one that is stored, and the order of all.
func TestOutboxOfAFullJournal(t *testing.T) {
	const all = 20
	o := outbox{batches: make(chan batch, 1)}
	for i := range all {
		o.add(outgoing{msg: &nats.Msg{Data: []byte{byte(i)}}, released: released{event: &pipeline.Event{}, meeting: &meeting{}}})
	}
	o.send()
	require.Len(t, (<-o.batches).msgs, all)
	for range 3 {
		o.shrink()
		o.submit()
		require.Len(t, (<-o.batches).msgs, 1)
	}
	var sizes []int
	var order []byte
	for {
		sizes = append(sizes, len(o.flight))
		for _, x := range o.flight {
			order = append(order, x.msg.Data...)
		}
		o.arrived()
		o.grow()
		if o.send(); len(o.batches) == 0 {
			break
		}
		<-o.batches
	}
	require.Equal(t, []int{1, 2, 4, 8, 5}, sizes)
	for i := range order {
		require.EqualValues(t, i, order[i])
	}
	require.Zero(t, o.bytes)
	require.Zero(t, o.len())
}
