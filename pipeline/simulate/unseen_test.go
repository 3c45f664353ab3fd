package simulate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/simulate"
)

// moved gives outputs with the output of one event put right before that of another.
func moved(out []simulate.Output, event, before int) []simulate.Output {
	o := out[place(out, event)]
	out = slices.Delete(slices.Clone(out), place(out, event), place(out, event)+1)
	return renumber(slices.Insert(out, place(out, before), o))
}

// firstOf returns the first event of a kind, and the last one before it of another kind that is about the same attendee.
func firstOf(truth simulate.Truth, kind, after string) (event, predecessor int) {
	for i, e := range truth.Events {
		for k := i - 1; e.Kind == kind && k >= truth.Meetings[e.Meeting].From; k-- {
			if b := truth.Events[k]; b.Kind == after && b.AttendeeID == e.AttendeeID {
				return i, k
			}
		}
	}
	return -1, -1
}

func TestUnseenSwapsAreThoseThatCouldBeLife(t *testing.T) {
	p := simulate.Demo(3, start)
	p.EqualTimestamps = 0
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, time.Hour)
	for name, c := range map[string]struct {
		kind, after string
		unseen      bool
	}{
		"joined before it was added":            {"chime:AttendeeJoined", "chime:AttendeeAdded", false},
		"joined before it was authorized":       {"chime:AttendeeJoined", "chime:AttendeeAuthorized", false},
		"left before a whole camera session":    {"chime:AttendeeLeft", "chime:AttendeeVideoStarted", true},
		"left before the camera was off":        {"chime:AttendeeLeft", "chime:AttendeeVideoStopped", false},
		"camera on before it joined":            {"chime:AttendeeVideoStarted", "chime:AttendeeJoined", false},
		"camera off before it was on":           {"chime:AttendeeVideoStopped", "chime:AttendeeVideoStarted", false},
		"rejoined before it dropped":            {"chime:AttendeeJoined", "chime:AttendeeDropped", false},
		"deleted before it left":                {"chime:AttendeeDeleted", "chime:AttendeeLeft", false},
		"content left before its video ended":   {"chime:AttendeeContentLeft", "chime:AttendeeContentVideoStopped", false},
		"content video before content was on":   {"chime:AttendeeContentVideoStarted", "chime:AttendeeContentJoined", false},
		"transcription stopped before it began": {"chime:TranscriptionStopped", "chime:TranscriptionStarted", false},
	} {
		t.Run(name, func(t *testing.T) {
			event, predecessor := firstOf(truth, c.kind, c.after)
			require.GreaterOrEqual(t, event, 0)
			s := simulate.NewScore(truth, plan, time.Hour, 0)
			for _, o := range moved(outputs, event, predecessor) {
				s.Add(o)
			}
			require.NotZero(t, s.Report(simulate.Observed{}).LifecycleViolations)
			require.Equal(t, c.unseen, s.UnseenSwaps() == 1)
			if !c.unseen {
				require.Zero(t, s.UnseenSwaps())
			}
		})
	}
	s := simulate.NewScore(truth, plan, time.Hour, 0)
	for _, o := range outputs {
		s.Add(o)
	}
	require.Zero(t, s.Report(simulate.Observed{}).LifecycleViolations)
	require.Zero(t, s.UnseenSwaps())
}

// TestUnseenAuthorization expects a join before its authorization to be life where nobody was authorized yet: some documents
// know no authorization.
func TestUnseenAuthorization(t *testing.T) {
	p := simulate.Demo(3, start)
	p.EqualTimestamps = 0
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, time.Hour)
	authorized := slices.IndexFunc(truth.Events, func(e simulate.Event) bool { return e.Kind == "chime:AttendeeAuthorized" })
	joined := authorized + slices.IndexFunc(truth.Events[authorized:], func(e simulate.Event) bool {
		return e.Kind == "chime:AttendeeJoined" && e.AttendeeID == truth.Events[authorized].AttendeeID
	})
	s := simulate.NewScore(truth, plan, time.Hour, 0)
	for _, o := range moved(outputs, joined, authorized) {
		s.Add(o)
	}
	require.Equal(t, 1, s.Report(simulate.Observed{}).LifecycleViolations)
	require.Equal(t, 1, s.UnseenSwaps())
}
