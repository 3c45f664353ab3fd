package simulate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/simulate"
)

// The doubt between equal timestamps: a lost or late event before them takes away what decides.
func TestEqualTimestampsAreDecidedByTheKnownState(t *testing.T) {
	p := simulate.Demo(11, start)
	p.Meetings, p.Attendees = 60, simulate.Range{Min: 4, Max: 8}
	for i := range p.Paths {
		p.Paths[i].Loss = 0
	}
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	dropped := rejoinWithin(truth)
	joined := before(truth, dropped, "AttendeeJoined")

	t.Run("known", func(t *testing.T) {
		r := score(truth, plan, forever, swapped(route(truth, plan, forever), dropped))
		require.Equal(t, 1, r.Misordered, "the attendee was present, so the drop comes first")
	})
	t.Run("known, but something older came after it", func(t *testing.T) {
		out := route(truth, plan, forever)
		older := place(out, before(truth, joined, "AttendeeDropped"))
		moved := out[older]
		moved.Late = true
		out = slices.Delete(out, older, older+1)
		out = renumber(slices.Insert(out, place(out, joined)+1, moved))
		require.Equal(t, 0, score(truth, plan, forever, swapped(out, dropped)).Misordered)
	})
	t.Run("late", func(t *testing.T) {
		out := route(truth, plan, forever)
		out[place(out, joined)].Late = true
		require.Equal(t, 0, score(truth, plan, forever, swapped(out, dropped)).Misordered)
	})
	t.Run("lost", func(t *testing.T) {
		less := slices.DeleteFunc(slices.Clone(plan), func(d simulate.Delivery) bool { return d.Event == joined })
		r := score(truth, less, forever, swapped(route(truth, less, forever), dropped))
		require.True(t, r.OK, "nobody could know that the attendee was present: %+v", r)
	})
}

// rejoinWithin finds a drop that a join of the same attendee and millisecond follows, alone in that millisecond, after an
// earlier drop and join.
func rejoinWithin(truth simulate.Truth) int {
	for i := 1; i+2 < len(truth.Events); i++ {
		a, b := truth.Events[i], truth.Events[i+1]
		pair := short(a) == "AttendeeDropped" && short(b) == "AttendeeJoined" && a.AttendeeID == b.AttendeeID
		alone := a.Time == b.Time && truth.Events[i-1].Time < a.Time && truth.Events[i+2].Time > b.Time
		if pair && alone && before(truth, i, "AttendeeDropped") >= 0 {
			return i
		}
	}
	panic("this seed has no such rejoin within a millisecond")
}

// before finds the last event of a kind before event i of the same attendee; -1 when there is none.
func before(truth simulate.Truth, i int, kind string) int {
	for j := i - 1; j >= 0; j-- {
		if short(truth.Events[j]) == kind && truth.Events[j].AttendeeID == truth.Events[i].AttendeeID {
			return j
		}
	}
	return -1
}

// place finds the output of an event.
func place(out []simulate.Output, event int) int {
	return slices.IndexFunc(out, func(o simulate.Output) bool { return o.ID == name(event) })
}

// renumber gives outputs the sequences of a stream that has them in this order.
func renumber(out []simulate.Output) []simulate.Output {
	for i := range out {
		out[i].Sequence = uint64(i + 1)
	}
	return out
}

// swapped exchanges the outputs of an event and the one after it, as a router that took them the wrong way round.
func swapped(out []simulate.Output, event int) []simulate.Output {
	i := place(out, event)
	out[i], out[i+1] = out[i+1], out[i]
	return renumber(out)
}

// pairs lists the events that share their timestamp with the next one, of another attendee, and with no other.
func pairs(truth simulate.Truth) []int {
	var out []int
	for i := 1; i+2 < len(truth.Events); i++ {
		a, b := truth.Events[i], truth.Events[i+1]
		alone := truth.Events[i-1].Time != a.Time && truth.Events[i+2].Time != a.Time
		if a.Meeting == b.Meeting && a.Time == b.Time && a.AttendeeID != b.AttendeeID && alone {
			out = append(out, i)
		}
	}
	return out
}

// Rank and identity decide between attendees.
func TestEqualTimestampsOfDifferentAttendees(t *testing.T) {
	truth, plan := tiedRun(t)
	clean := route(truth, plan, forever)
	kinds := map[bool]int{}
	for _, i := range pairs(truth)[:60] {
		r := score(truth, plan, forever, swapped(slices.Clone(clean), i))
		require.Equalf(t, 1, r.Misordered, "%s and %s", truth.Events[i].Kind, truth.Events[i+1].Kind)
		kinds[truth.Events[i].Kind == truth.Events[i+1].Kind]++
	}
	require.Positive(t, kinds[true], "decided by identity")
	require.Positive(t, kinds[false], "decided by rank")
}

// They do not while the router cannot know whether the state allows one of the two.
func TestEqualTimestampsOfDifferentAttendeesInDoubt(t *testing.T) {
	truth, plan := tiedRun(t)
	tried := 0
	for _, i := range pairs(truth) {
		started := before(truth, i, "AttendeeVideoStarted")
		if short(truth.Events[i]) != "AttendeeVideoStopped" {
			continue
		}
		less := slices.DeleteFunc(slices.Clone(plan), func(d simulate.Delivery) bool { return d.Event == started })
		r := score(truth, less, forever, swapped(route(truth, less, forever), i))
		require.True(t, r.OK, "%+v", r)
		if tried++; tried == 5 {
			return
		}
	}
	require.Fail(t, "too few pairs", "%d", tried)
}

// Nor does rank decide where the drop before a join was lost: the router takes the join for one that is not allowed yet.
func TestEqualTimestampsWithALostDrop(t *testing.T) {
	truth, plan := tiedRun(t)
	tried := 0
	for i := 1; i+1 < len(truth.Events); i++ {
		x, drop, join := truth.Events[i-1], truth.Events[i], truth.Events[i+1]
		rejoin := short(drop) == "AttendeeDropped" && short(join) == "AttendeeJoined" && drop.AttendeeID == join.AttendeeID
		if !rejoin || x.Time != drop.Time || drop.Time != join.Time || x.AttendeeID == drop.AttendeeID {
			continue
		}
		tried++
		less := slices.DeleteFunc(slices.Clone(plan), func(d simulate.Delivery) bool { return d.Event == i })
		r := score(truth, less, forever, route(truth, less, forever))
		require.True(t, r.OK, "%+v", r)
	}
	require.Positive(t, tried)
}

func tiedRun(t *testing.T) (simulate.Truth, []simulate.Delivery) {
	t.Helper()
	p := simulate.Demo(12, start)
	p.Meetings, p.EqualTimestamps = 60, 0.3
	for i := range p.Paths {
		p.Paths[i].Loss = 0
	}
	truth := generate(t, p)
	return truth, simulate.Plan(p, truth)
}

// A drop that came in time is rightly late once the join of its millisecond moves it to the front too late.
func TestLatenessThatAnotherOfTheMillisecondCauses(t *testing.T) {
	truth, plan := tiedRun(t)
	dropped := rejoinWithin(truth)
	out := route(truth, plan, forever)
	i := place(out, dropped)
	moved := renumber(slices.Concat(out[:i], out[i+2:i+3], out[i:i+2], out[i+3:]))
	require.Equal(t, out[i].Key, moved[i].Key, "still the same meeting")
	moved[i].Received = start // held from here
	moved[i+1].Late, moved[i+1].Received = true, start.Add(time.Second)
	moved[i+2].Late, moved[i+2].Received = true, start.Add(3*time.Second)
	require.Zero(t, score(truth, plan, 2*time.Second, moved).LateUnjustified)
	moved[i+2].Received = start.Add(time.Second)
	require.Equal(t, 2, score(truth, plan, 2*time.Second, moved).LateUnjustified)
}
