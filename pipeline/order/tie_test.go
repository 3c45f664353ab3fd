package order_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/order"
)

// play pushes "kind@time" in the order given, all within one window of its own, and returns what left as
// "kind@time", with "!" behind what was late.
func play(b *order.Buffer[int], at int64, steps ...string) []string {
	for i, s := range steps {
		kind, time, _ := strings.Cut(s, "@")
		e := entry(len(steps)-i, uint16(len(steps)-i)) // Identity alone would turn the order round.
		e.Key, e.Attendee, e.Kind, e.Time = "m", "a", "chime:"+kind, int64(time[0]-'0')
		b.Push(instant(at), e)
	}
	out := []string{}
	for _, e := range b.Due(nil, instant(at+window)) {
		s := strings.TrimPrefix(e.Kind, "chime:") + "@" + string(rune('0'+e.Time))
		if e.IsLate {
			s += "!"
		}
		out = append(out, s)
	}
	return out
}

func TestTies(t *testing.T) {
	for name, c := range map[string]struct{ had, came, want []string }{
		"a present attendee reconnects": {
			had: []string{"AttendeeJoined@1"}, came: []string{"AttendeeJoined@2", "AttendeeDropped@2"}, want: []string{"AttendeeDropped@2", "AttendeeJoined@2"},
		},
		"an absent attendee looks in": {
			came: []string{"AttendeeLeft@2", "AttendeeJoined@2"}, want: []string{"AttendeeJoined@2", "AttendeeLeft@2"},
		},
		"one who left looks in": {
			had:  []string{"AttendeeJoined@1", "AttendeeLeft@2"},
			came: []string{"AttendeeLeft@3", "AttendeeJoined@3"}, want: []string{"AttendeeJoined@3", "AttendeeLeft@3"},
		},
		"who reconnects takes everything down first": {
			had:  []string{"AttendeeJoined@1", "AttendeeVideoStarted@1"},
			came: []string{"AttendeeJoined@2", "AttendeeDropped@2", "AttendeeVideoStopped@2"},
			want: []string{"AttendeeVideoStopped@2", "AttendeeDropped@2", "AttendeeJoined@2"},
		},
		"a camera is switched off and on": {
			had:  []string{"AttendeeJoined@1", "AttendeeVideoStarted@1"},
			came: []string{"AttendeeVideoStarted@2", "AttendeeVideoStopped@2"}, want: []string{"AttendeeVideoStopped@2", "AttendeeVideoStarted@2"},
		},
		"state of events that leave together": {
			came: []string{"AttendeeJoined@3", "AttendeeDropped@3", "AttendeeJoined@2", "MeetingEnded@4"},
			want: []string{"AttendeeJoined@2", "AttendeeDropped@3", "AttendeeJoined@3", "MeetingEnded@4"},
		},
		"what precedes is arranged when a later time leaves": {
			had: []string{"AttendeeJoined@1"}, came: []string{"MeetingEnded@3", "AttendeeJoined@2", "AttendeeDropped@2"},
			want: []string{"AttendeeDropped@2", "AttendeeJoined@2", "MeetingEnded@3"},
		},
		"a drop after its rejoin left is late": {
			had: []string{"AttendeeJoined@1", "AttendeeJoined@2"}, came: []string{"AttendeeDropped@2"}, want: []string{"AttendeeDropped@2!"},
		},
		"a late drop does not undo the rejoin": {
			had: []string{"AttendeeJoined@1", "AttendeeJoined@3"}, came: []string{"AttendeeDropped@2", "AttendeeJoined@4", "AttendeeDropped@4"},
			want: []string{"AttendeeDropped@2!", "AttendeeDropped@4", "AttendeeJoined@4"},
		},
		"transcription that was on stops before it starts": {
			had: []string{"TranscriptionStarted@1"}, came: []string{"TranscriptionStarted@2", "TranscriptionInterrupted@2"},
			want: []string{"TranscriptionInterrupted@2", "TranscriptionStarted@2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuffer(unlimited)
			play(b, 0, c.had...)
			require.Equal(t, c.want, play(b, 100, c.came...))
		})
	}
}

// TestPlaceMovedToTheFront lets a drop wait in its place by rank while a start of the same time leaves; the join that then
// comes moves the drop to the front, which has gone: the drop says so, and still leaves before the join.
func TestPlaceMovedToTheFront(t *testing.T) {
	b := newBuffer(unlimited)
	require.Equal(t, []string{"AttendeeJoined@1"}, play(b, 0, "AttendeeJoined@1"))
	start, drop, join := entry(1, 1), entry(2, 2), entry(3, 3)
	for e, kind := range map[*order.Entry[int]]string{&start: "chime:MeetingStarted", &drop: "chime:AttendeeDropped", &join: "chime:AttendeeJoined"} {
		e.Key, e.Attendee, e.Kind, e.Time = "m", "a", kind, 2
	}
	b.Push(instant(100), start)
	b.Push(instant(105), drop)
	require.Len(t, b.Due(nil, instant(110)), 1)
	b.Push(instant(112), join)
	out := b.Due(nil, instant(200))
	require.Len(t, out, 2)
	require.Equal(t, "chime:AttendeeDropped", out[0].Kind)
	require.True(t, out[0].First)
	require.True(t, out[0].IsLate)
	require.Zero(t, out[0].Late)
	require.False(t, out[1].IsLate)
}
