package simulate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/simulate"
)

// TestLatenessByLife moves one event right behind another, marked late, and asks whether it had cause: what must follow it must
// have come out before it, of the same subject and in order.
func TestLatenessByLife(t *testing.T) {
	p := simulate.Demo(3, start)
	p.EqualTimestamps = 0
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, forever)
	for name, c := range map[string]struct {
		kind, after string
		just        bool
	}{
		"added after it joined":                        {"chime:AttendeeJoined", "chime:AttendeeAdded", true},
		"added after its camera was on":                {"chime:AttendeeVideoStarted", "chime:AttendeeAdded", true},
		"camera on after its departure":                {"chime:AttendeeLeft", "chime:AttendeeVideoStarted", true},
		"content joined after its owner left":          {"chime:AttendeeLeft", "chime:AttendeeContentJoined", true},
		"left after the meeting ended":                 {"chime:MeetingEnded", "chime:AttendeeLeft", true},
		"transcribed after that was over":              {"chime:TranscriptionStopped", "chime:TranscriptionStarted", true},
		"started after the first one was added":        {"chime:AttendeeAdded", "chime:MeetingStarted", true},
		"capabilities after its owner left":            {"chime:AttendeeLeft", "chime:AttendeeCapabilitiesUpdated", false},
		"meeting ended after its pipeline was deleted": {"chime:MediaPipelineDeleted", "chime:MeetingEnded", false},
	} {
		t.Run(name, func(t *testing.T) {
			follower, event := lastOf(truth, c.kind, c.after)
			require.GreaterOrEqual(t, follower, 0)
			require.Equal(t, c.just, unjustified(truth, plan, movedBehind(outputs, event, follower), false) == 0)
			require.Equal(t, 1, unjustified(truth, plan, movedBehind(outputs, event, follower), true), "behind nothing but late events")
			require.Equal(t, 1, unjustified(truth, plan, marked(outputs, event), false), "in its place")
		})
	}
}

// lastOf returns the last event of a kind, and the last one before it of another kind that is about the same attendee, if both
// are about one.
func lastOf(truth simulate.Truth, kind, before string) (event, predecessor int) {
	for i, e := range slices.Backward(truth.Events) {
		for k := i - 1; e.Kind == kind && k >= truth.Meetings[e.Meeting].From; k-- {
			if b := truth.Events[k]; b.Kind == before && (b.AttendeeID == e.AttendeeID || b.AttendeeID == "" || e.AttendeeID == "") {
				return i, k
			}
		}
	}
	return -1, -1
}

// movedBehind gives outputs with one of them right behind another and marked late.
func movedBehind(out []simulate.Output, event, behind int) []simulate.Output {
	out = marked(out, event)
	i := place(out, event)
	o := out[i]
	out = append(out[:i], out[i+1:]...)
	j := place(out, behind) + 1
	return renumber(append(out[:j], append([]simulate.Output{o}, out[j:]...)...))
}

// marked gives outputs with one of them marked late.
func marked(out []simulate.Output, event int) []simulate.Output {
	out = append([]simulate.Output(nil), out...)
	out[place(out, event)].Late = true
	return out
}

// unjustified counts among the late the one that was moved; with all, everything else was late as well.
func unjustified(truth simulate.Truth, plan []simulate.Delivery, out []simulate.Output, all bool) int {
	s := simulate.NewScore(truth, plan, time.Second, 0)
	s.ByLife()
	others := 0
	for _, o := range out {
		if all && !o.Late {
			o.Late = true
			others++
		}
		s.Add(o)
	}
	return s.Report(simulate.Observed{}).LateUnjustified - others
}

// TestLatenessByTheWindowOfEach expects an event that was held for less than the window of the score to count as such.
func TestLatenessByTheWindowOfEach(t *testing.T) {
	p := simulate.Demo(8, start)
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, 50*time.Millisecond)
	require.Positive(t, score(truth, plan, 80*time.Millisecond, outputs).LateUnjustified)
	for i := range outputs {
		outputs[i].Window = 50 * time.Millisecond
	}
	r := score(truth, plan, 80*time.Millisecond, outputs)
	require.Positive(t, r.Late)
	require.Zero(t, r.LateUnjustified)
}
