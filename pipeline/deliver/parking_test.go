package deliver

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// step lets one thing happen.
func (w *world) step() {
	switch what := w.dice.IntN(34); {
	case what > 30:
		w.ask()
	case what == 30:
		w.withdraw()
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
		w.now = w.now.Add(time.Duration(w.dice.IntN(301)) * time.Millisecond)
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
		w.redrive()
		w.park(true)
		w.read(true)
		w.unpark(true)
		w.progress(true)
		w.acknowledge()
		w.purge()
		w.check()
		if w.acked == uint64(len(w.log)) && len(w.stored) == 0 && len(w.asked) == 0 {
			break
		}
	}
	require.EqualValues(w.t, len(w.log), w.acked, "the floor stands still")
	require.Empty(w.t, w.stored, "a lane stays parked")
	for key, all := range w.wanted {
		require.Equal(w.t, len(all), w.passed[key], "meeting %s lost an event", key)
	}
	require.Empty(w.t, w.asked, "asked for and never answered")
	require.Empty(w.t, w.lanes.byMeeting)
	require.Empty(w.t, w.lanes.willing)
	require.Empty(w.t, w.lanes.byKey, "an empty lane is remembered")
	require.Zero(w.t, w.lanes.pages)
	require.Zero(w.t, w.lanes.Parked())
}

// redrive asks for every dead letter that nobody asked for, so that no meeting is held for ever.
func (w *world) redrive() {
	for _, seq := range slices.Sorted(maps.Keys(w.dead)) {
		r := w.log[seq-1]
		if !w.dead[seq] || slices.ContainsFunc(w.asked[r.key], func(i Item) bool { return i.Sequence == seq }) {
			continue
		}
		w.asks++
		i := item(r, -1)
		i.Ticket = w.asks
		w.lanes.Ask(i)
		w.asked[r.key] = append(w.asked[r.key], i)
	}
}

// TestParkingKeepsOrderAndLosesNothing plays a sink that refuses and rejects at random, and is held back now and then, operators
// who have dead letters redriven and history replayed, a store that has no room, fails, or
// leaves open what it did, pages that come late, purges, and a process that ends at any step; and expects each meeting to get
// every event, in order, no event twice in one life, and after a restart none again that was stored as passed.
func TestParkingKeepsOrderAndLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range 20 + w.dice.IntN(200) {
			if w.dice.IntN(40) == 0 {
				w.live()
			}
			w.step()
			w.check()
		}
		w.drain()
	})
}
