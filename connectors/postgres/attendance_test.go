package postgres

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func at(n int) time.Time { return time.UnixMilli(1760000000000 + int64(n)).UTC() }

// slowSessions says the same as sessionsOf by looking at every departure on its own, at all events each time.
func slowSessions(events []presence) []session {
	before := func(a, b presence) bool {
		if !a.at.Equal(b.at) {
			return a.at.Before(b.at)
		}
		if a.sequence != b.sequence {
			return a.sequence < b.sequence
		}
		return a.id < b.id
	}
	departs := func(e presence) bool { return e.kind == kindLeft || e.kind == kindDropped }
	// opened returns the first Joined before end (nil: no end) that has no departure between itself and end.
	opened := func(end *presence) (first *presence) {
		for i := range events {
			j := &events[i]
			if j.kind != kindJoined || end != nil && !before(*j, *end) {
				continue
			}
			ended := false
			for _, d := range events {
				ended = ended || departs(d) && before(*j, d) && (end == nil || before(d, *end))
			}
			if !ended && (first == nil || before(*j, *first)) {
				first = j
			}
		}
		return first
	}
	var out []session
	for n := 0; ; n++ { // the nth departure is the one with n others before it
		var end *presence
		for i := range events {
			rank := map[string]bool{}
			for _, d := range events {
				if departs(d) && before(d, events[i]) {
					rank[d.id] = true
				}
			}
			if departs(events[i]) && len(rank) == n {
				end = &events[i]
			}
		}
		s := session{}
		if j := opened(end); j != nil {
			s.joined = j.at
		}
		if end == nil {
			if !s.joined.IsZero() {
				out = append(out, s)
			}
			return out
		}
		s.left, s.dropped = end.at, end.kind == kindDropped
		out = append(out, s)
	}
}

func histories() *rapid.Generator[[]presence] {
	return rapid.Custom(func(t *rapid.T) []presence {
		kinds := rapid.SliceOfN(rapid.SampledFrom([]string{kindJoined, kindLeft, kindDropped}), 0, 12).Draw(t, "kinds")
		var out []presence
		for i, kind := range kinds {
			out = append(out, presence{
				id: strconv.Itoa(i), kind: kind, at: at(rapid.IntRange(0, 8).Draw(t, "at")),
				sequence: int64(rapid.IntRange(0, 4).Draw(t, "sequence")),
			})
		}
		return out
	})
}

func TestSessionsOf_IsWhatTheSlowModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := histories().Draw(t, "history")
		require.Equal(t, slowSessions(history), sessionsOf(history))
	})
}

// TestSessionsOf_IsTheSameHoweverTheEventsCome: late, in another order, or more than once. So a row is right as soon as the
// last event is there, whatever was there before.
func TestSessionsOf_IsTheSameHoweverTheEventsCome(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := histories().Draw(t, "history")
		want := sessionsOf(history)
		again := rapid.Permutation(append(history, history...)).Draw(t, "again")
		require.Equal(t, want, sessionsOf(again))
	})
}

// TestSessionsOf_NeverGetsShorter is why no row has to be removed when an event comes late.
func TestSessionsOf_NeverGetsShorter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := rapid.Permutation(histories().Draw(t, "history")).Draw(t, "order")
		for n := range history {
			require.LessOrEqual(t, len(sessionsOf(history[:n])), len(sessionsOf(history[:n+1])))
		}
	})
}

func TestSessionsOf_Table(t *testing.T) {
	e := func(kind string, n int) presence { return presence{id: kind + strconv.Itoa(n), kind: kind, at: at(n)} }
	for name, row := range map[string]struct {
		history []presence
		want    []session
	}{
		"nothing":         {nil, nil},
		"there":           {[]presence{e(kindJoined, 1)}, []session{{joined: at(1)}}},
		"gone":            {[]presence{e(kindJoined, 1), e(kindLeft, 5)}, []session{{joined: at(1), left: at(5)}}},
		"twice":           {[]presence{e(kindJoined, 1), e(kindDropped, 5), e(kindJoined, 6)}, []session{{at(1), at(5), true}, {joined: at(6)}}},
		"a hand-off":      {[]presence{e(kindJoined, 1), e(kindJoined, 3), e(kindLeft, 5)}, []session{{joined: at(1), left: at(5)}}},
		"no Joined":       {[]presence{e(kindLeft, 5)}, []session{{left: at(5)}}},
		"a late Dropped":  {[]presence{e(kindJoined, 1), e(kindJoined, 6), e(kindLeft, 9), e(kindDropped, 5)}, []session{{at(1), at(5), true}, {joined: at(6), left: at(9)}}},
		"gone two times":  {[]presence{e(kindJoined, 1), e(kindLeft, 5), e(kindDropped, 7)}, []session{{joined: at(1), left: at(5)}, {left: at(7), dropped: true}}},
		"something other": {[]presence{e("chime:AttendeeAdded", 1)}, nil},
	} {
		require.Equal(t, row.want, sessionsOf(row.history), name)
	}
}
