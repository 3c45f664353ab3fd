package bench

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

// eventCount returns how many events a journal holds.
func eventCount(t *testing.T, j *journal.Journal) (int, error) {
	t.Helper()
	n := 0
	err := j.Scan(t.Context(), journal.PlaceEvents, func(journal.Message) error {
		n++
		return nil
	})
	return n, err
}

// TestCalendarLives follows every meeting of a calendar through its life.
func TestCalendarLives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCalendar(rapid.IntRange(1, 20).Draw(t, "meetings"), rapid.Uint64().Draw(t, "seed"), 1_770_000_000_000)
		type meeting struct{ slot, generation int }
		lives := map[meeting][]happening{}
		for i := range rapid.IntRange(1, 800).Draw(t, "events") {
			h := c.take()
			require.Equal(t, i, h.number)
			at := meeting{h.slot, h.generation}
			lives[at] = append(lives[at], h)
		}
		for at, life := range lives {
			people := attendees(at.slot)
			require.LessOrEqual(t, len(life), 6*people+2)
			require.Equal(t, "chime:MeetingStarted", life[0].kind)
			require.Equal(t, len(life) == 6*people+2, life[len(life)-1].kind == "chime:MeetingEnded")
			said := map[int][]string{}
			for _, h := range life {
				require.Less(t, h.attendee, people)
				said[h.attendee] = append(said[h.attendee], h.kind)
			}
			whole := []string{
				"chime:AttendeeAdded", "chime:AttendeeAuthorized", "chime:AttendeeJoined",
				"chime:AttendeeVideoStarted", "chime:AttendeeVideoStopped", "chime:AttendeeLeft",
			}
			for attendee, kinds := range said {
				if attendee != nobody {
					require.Equal(t, whole[:len(kinds)], kinds)
				}
			}
		}
	})
}

// TestBodiesReadAsWhatTheyAre reads both bodies of every event as the router does.
func TestBodiesReadAsWhatTheyAre(t *testing.T) {
	c := newCalendar(9, 3, time.Now().Add(-past).UnixMilli())
	known := map[chime.Identity]bool{}
	for range 2000 {
		h := c.take()
		direct, bus := chime.Read(nil, c.direct(h), time.Now())[0], chime.Read(nil, c.bus(h), time.Now())[0]
		require.NoError(t, direct.Err)
		require.Equal(t, direct.Record, bus.Record)
		require.Equal(t, h.kind, direct.Record.Kind)
		require.Equal(t, c.timestamp(h), direct.Record.Time)
		require.Equal(t, string(h.appendMeeting(nil)), direct.Record.Key)
		require.Equal(t, h.attendee != nobody, direct.Record.Attendee != "")
		require.False(t, known[direct.Record.ID], "two events with one identity")
		known[direct.Record.ID] = true
	}
}

func TestDisplacedIsAPermutationWithinReach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 500).Draw(t, "n")
		share := rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "share")
		order := displaced(newCalendar(1, rapid.Uint64().Draw(t, "seed"), 0).dice, n, share)
		for place, i := range order {
			require.LessOrEqual(t, place-i, reach)
			require.LessOrEqual(t, i-place, reach)
		}
		if share == 0 {
			require.True(t, slices.IsSorted(order))
		}
		slices.Sort(order)
		for i, v := range order {
			require.Equal(t, i, v)
		}
	})
}

func TestDisorderDisplacesThatShare(t *testing.T) {
	order := displaced(newCalendar(1, 1, 0).dice, 10_000, 0.1)
	late := 0
	for place, i := range order {
		if place > i {
			late++
		}
	}
	require.InDelta(t, 1000, late, 150)
}
