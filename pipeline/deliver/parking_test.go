package deliver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// step lets one thing happen.
func (w *world) step() {
	switch what := rapid.IntRange(0, 29).Draw(w.t, "what"); {
	case what < 5:
		w.append()
	case what < 10:
		w.take()
	case what < 14:
		w.send()
	case what < 18 && len(w.flying) > 0:
		w.settle(w.answer)
	case what == 18 && len(w.bury) > 0:
		w.buried()
	case what < 21:
		w.park(false)
	case what < 23:
		w.unpark(false)
	case what < 26:
		w.read(false)
	case what == 26:
		w.progress(false)
	case what == 27:
		w.acknowledge()
	case what == 28:
		w.purge()
	default:
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 300).Draw(w.t, "passes")) * time.Millisecond)
	}
}

// check compares what can be known at any time.
func (w *world) check() {
	require.Equal(w.t, w.held, w.lanes.Len())
	require.LessOrEqual(w.t, w.lanes.pages, w.most.Pages)
	parked, paged := 0, 0
	for _, n := range w.lanes.byKey {
		if n.parked == nil {
			continue
		}
		parked++
		require.Contains(w.t, w.stored, n.key, "parked and not stored")
		if n.parked.paged {
			paged++
		} else {
			require.Len(w.t, n.queue, fed(n.queue), "a page that nobody counts")
		}
	}
	require.Equal(w.t, parked, w.lanes.Parked())
	require.Equal(w.t, paged, w.lanes.pages)
	require.LessOrEqual(w.t, parked, max(w.most.Parked, len(w.begin)))
}

// drain lets everything go well and expects nothing to be left: no event unsent, no lane parked.
func (w *world) drain() {
	for range 100 * (len(w.log) + 1) {
		w.now = w.now.Add(time.Minute)
		w.take()
		w.send()
		for len(w.flying) > 0 {
			w.settle(func() error { return nil })
		}
		for len(w.bury) > 0 {
			w.buried()
		}
		w.park(true)
		w.read(true)
		w.unpark(true)
		w.progress(true)
		w.acknowledge()
		w.purge()
		w.check()
		if w.acked == uint64(len(w.log)) && len(w.stored) == 0 {
			break
		}
	}
	require.EqualValues(w.t, len(w.log), w.acked, "the floor stands still")
	require.Empty(w.t, w.stored, "a lane stays parked")
	for key, all := range w.wanted {
		require.Equal(w.t, len(all), w.passed[key], "meeting %s lost an event", key)
	}
	require.Empty(w.t, w.lanes.byKey, "an empty lane is remembered")
	require.Zero(w.t, w.lanes.pages)
	require.Zero(w.t, w.lanes.Parked())
}

// TestParkingKeepsOrderAndLosesNothing plays a sink that refuses and rejects at random, a store that has no room, fails, or
// leaves open what it did, pages that come late, purges, and a process that ends at any step; and expects each meeting to get
// every event, in order, no event twice in one life, and after a restart none again that was stored as passed.
func TestParkingKeepsOrderAndLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			if rapid.IntRange(0, 39).Draw(t, "restart") == 0 {
				w.live()
			}
			w.step()
			w.check()
		}
		w.drain()
	})
}
