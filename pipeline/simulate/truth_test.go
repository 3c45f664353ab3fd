package simulate_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/simulate"
)

var update = flag.Bool("update", false, "write the golden files")

func short(e simulate.Event) string { return strings.TrimPrefix(e.Kind, "chime:") }

// life follows one attendee through the states that a real one can have.
type life struct {
	added, authorized, present, filming, sharing, showing, gone bool
}

// step applies a kind and says whether the state allowed it.
func (l *life) step(kind string, person bool) bool {
	allowed := !l.gone
	turn := func(state *bool, from, to bool) {
		allowed = allowed && *state == from
		*state = to
	}
	switch kind {
	case "AttendeeAdded":
		turn(&l.added, false, true)
	case "AttendeeAuthorized":
		allowed = allowed && l.added
		turn(&l.authorized, false, true)
	case "AttendeeJoined":
		allowed = allowed && (l.authorized || !person)
		turn(&l.present, false, true)
	case "AttendeeLeft", "AttendeeDropped":
		allowed = allowed && !l.filming
		turn(&l.present, true, false)
	case "AttendeeDeleted":
		allowed = allowed && !l.present && !l.sharing && l.added
		l.gone = true
	case "AttendeeVideoStarted":
		allowed = allowed && l.present
		turn(&l.filming, false, true)
	case "AttendeeVideoStopped":
		turn(&l.filming, true, false)
	case "AttendeeContentJoined":
		allowed = allowed && l.present
		turn(&l.sharing, false, true)
	case "AttendeeContentVideoStarted":
		allowed = allowed && l.sharing
		turn(&l.showing, false, true)
	case "AttendeeContentVideoStopped":
		turn(&l.showing, true, false)
	case "AttendeeContentLeft", "AttendeeContentDropped":
		allowed = allowed && !l.showing
		turn(&l.sharing, true, false)
	case "AttendeeCapabilitiesUpdated":
		allowed = allowed && l.present
	default:
		allowed = false
	}
	return allowed
}

// meetingLife follows what is not about an attendee.
type meetingLife struct {
	started, ended, transcribing, broken bool
	pipeline                             int // 0 unknown, 1 in progress, 2 deleted
}

func (l *meetingLife) step(kind string) bool {
	was := *l
	switch kind {
	case "MeetingStarted":
		l.started = true
		return !was.started
	case "MeetingEnded":
		l.ended = true
		return was.started && !was.ended && !was.transcribing
	case "TranscriptionStarted":
		l.transcribing = true
		return was.started && !was.ended && !was.transcribing
	case "TranscriptionInterrupted":
		l.broken = true
		return was.transcribing && !was.broken
	case "TranscriptionResumed":
		l.broken = false
		return was.broken
	case "TranscriptionStopped":
		l.transcribing = false
		return was.transcribing && !was.broken
	case "MediaPipelineInProgress":
		l.pipeline = 1
		return was.started && !was.ended && was.pipeline < 2
	case "MediaPipelineDeleted":
		l.pipeline = 2
		return was.ended && was.pipeline == 1
	}
	return false
}

func TestTruthIsALifeThatCanBe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := generate(t, drawProfile(t))
		for _, m := range truth.Meetings {
			var meeting meetingLife
			attendees := map[string]*life{}
			for _, e := range truth.Events[m.From:m.To] {
				if e.AttendeeID == "" {
					require.Truef(t, meeting.step(short(e)), "%s %d: %s in %+v", m.ID, e.Index, e.Kind, meeting)
					continue
				}
				l := attendees[e.AttendeeID]
				if l == nil {
					l = &life{}
					attendees[e.AttendeeID] = l
				}
				person := !strings.Contains(string(e.Detail), `"aws:MediaPipeline-`)
				require.Truef(t, l.step(short(e), person), "%s %d: %s in %+v", m.ID, e.Index, e.Kind, l)
				require.Truef(t, meeting.started && !meeting.ended, "%s %d: %s outside the meeting", m.ID, e.Index, e.Kind)
			}
			require.True(t, meeting.ended)
			for _, l := range attendees {
				require.False(t, l.present)
			}
		}
	})
}

func TestTruthIsWellFormed(t *testing.T) {
	type identity struct {
		kind, meeting, attendee, pipeline string
		time                              int64
	}
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		truth := generate(t, p)
		require.Len(t, truth.Meetings, p.Meetings)
		seen := map[identity]bool{}
		end := 0
		for n, m := range truth.Meetings {
			require.Equal(t, end, m.From)
			end = m.To
			people := map[string]bool{}
			for i, e := range truth.Events[m.From:m.To] {
				require.Equal(t, n, e.Meeting)
				require.Equal(t, i, e.Index)
				require.Equal(t, m.ID, e.MeetingID)
				id := identity{e.Kind, e.MeetingID, e.AttendeeID, e.PipelineID, e.Time}
				require.Falsef(t, seen[id], "two events with %+v", id)
				seen[id] = true
				if i > 0 {
					require.GreaterOrEqual(t, e.Time, truth.Events[m.From+i-1].Time)
				}
				if p.EqualTimestamps == 0 && i > 0 {
					require.NotEqual(t, e.Time, truth.Events[m.From+i-1].Time)
				}
				if e.Kind == "chime:AttendeeAdded" {
					people[e.AttendeeID] = true
				}
			}
			require.GreaterOrEqual(t, len(people), p.Attendees.Min)
			require.LessOrEqual(t, len(people), p.Attendees.Max)
		}
		require.Len(t, truth.Events, end)
	})
}

// Where timestamps are equal and no attendee switches one thing twice, the truth is in the order of rank.
func TestEqualTimestampsAreInOrderOfRank(t *testing.T) {
	ranks := map[string]int{
		"MeetingStarted": 0, "AttendeeAdded": 10, "AttendeeAuthorized": 20, "AttendeeJoined": 30,
		"AttendeeCapabilitiesUpdated": 35, "AttendeeVideoStarted": 40, "AttendeeContentJoined": 45,
		"AttendeeContentVideoStarted": 50, "TranscriptionStarted": 55, "TranscriptionInterrupted": 55,
		"TranscriptionResumed": 55, "TranscriptionStopped": 55, "MediaPipelineInProgress": 55, "MediaPipelineDeleted": 55,
		"AttendeeContentVideoStopped": 60, "AttendeeContentLeft": 65, "AttendeeContentDropped": 65,
		"AttendeeVideoStopped": 70, "AttendeeLeft": 75, "AttendeeDropped": 75, "AttendeeDeleted": 80, "MeetingEnded": 90,
	}
	p := simulate.Demo(4, start)
	p.Meetings, p.Attendees.Min, p.EqualTimestamps = 300, 1, 0.6
	truth := generate(t, p)
	equal, rejoins := 0, 0
	for i := 1; i < len(truth.Events); i++ {
		a, b := truth.Events[i-1], truth.Events[i]
		if a.Meeting != b.Meeting || a.Time != b.Time {
			continue
		}
		equal++
		if short(b) == "AttendeeJoined" && short(a) == "AttendeeDropped" && a.AttendeeID == b.AttendeeID {
			rejoins++
			require.NotEqual(t, b.Time, truth.Events[i+1].Time, "rank does not tell what would come after a rejoin")
			continue
		}
		require.LessOrEqualf(t, ranks[short(a)], ranks[short(b)], "%s before %s", a.Kind, b.Kind)
		if a.AttendeeID+a.PipelineID == b.AttendeeID+b.PipelineID {
			require.NotEqualf(t, ranks[short(a)], ranks[short(b)], "%s and %s of one subject", a.Kind, b.Kind)
		}
	}
	require.Greater(t, equal, len(truth.Events)/10)
	require.Greater(t, rejoins, 10)
}

func TestEveryKindHappens(t *testing.T) {
	p := simulate.Demo(3, start)
	p.Meetings = 300
	counts := map[string]int{}
	for _, e := range generate(t, p).Events {
		counts[short(e)]++
	}
	require.Len(t, counts, 22)
	for kind, n := range counts {
		require.GreaterOrEqualf(t, n, 5, "%s", kind)
	}
}

func TestRunsStayWithinTheirDuration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		p.Duration = max(p.Duration, time.Minute) // room for 1 ms between events
		for _, e := range generate(t, p).Events {
			require.GreaterOrEqual(t, e.Time, start.UnixMilli())
			require.LessOrEqual(t, e.Time, start.Add(p.Duration+200*time.Millisecond).UnixMilli())
		}
	})
}

func TestWithRoomEnoughNothingIsCompressed(t *testing.T) {
	p := simulate.Demo(5, start)
	p.Duration, p.EqualTimestamps = 4*time.Hour, 0
	var tails int
	truth := generate(t, p)
	for _, m := range truth.Meetings {
		last := truth.Events[m.To-1]
		if short(last) != "MediaPipelineDeleted" {
			continue
		}
		tails++
		require.InDelta(t, 35_000, last.Time-truth.Events[m.To-2].Time, 2)
	}
	require.Positive(t, tails)
}

func TestDetailIsWhatTheEventSays(t *testing.T) {
	type detail struct {
		Version           string `json:"version"`
		EventType         string `json:"eventType"`
		Timestamp         int64  `json:"timestamp"`
		MeetingID         string `json:"meetingId"`
		AttendeeID        string `json:"attendeeId"`
		ExternalUserID    string `json:"externalUserId"`
		MediaPipelineID   string `json:"mediaPipelineId"`
		ExternalMeetingID string `json:"externalMeetingId"`
		MediaRegion       string `json:"mediaRegion"`
		NetworkType       string `json:"networkType"`
	}
	for _, e := range generate(t, simulate.Demo(6, start)).Events {
		var d detail
		require.NoError(t, json.Unmarshal(e.Detail, &d))
		require.Equal(t, "0", d.Version)
		require.Equal(t, e.Kind, d.EventType)
		require.Equal(t, e.Time, d.Timestamp)
		require.Equal(t, e.MeetingID, d.MeetingID)
		require.Equal(t, e.AttendeeID, d.AttendeeID)
		require.Equal(t, e.PipelineID, d.MediaPipelineID)
		require.NotEmpty(t, d.ExternalMeetingID)
		require.NotEmpty(t, d.MediaRegion)
		require.Equal(t, e.AttendeeID == "", d.ExternalUserID == "")
		require.Equal(t, strings.HasSuffix(e.Kind, "MediaPipelineInProgress") || strings.HasSuffix(e.Kind, "MediaPipelineDeleted"),
			d.MediaPipelineID != "")
		voip := strings.HasSuffix(e.Kind, "Joined") || strings.HasSuffix(e.Kind, "Left") || strings.HasSuffix(e.Kind, "Dropped")
		require.Equal(t, voip, d.NetworkType == "Voip")
	}
}

func TestGoldenMeeting(t *testing.T) {
	p := simulate.Demo(24, start)
	p.Meetings, p.Attendees, p.Duration = 1, simulate.Range{Min: 3, Max: 3}, time.Hour
	var b strings.Builder
	for _, e := range generate(t, p).Events {
		fmt.Fprintf(&b, "%8d %-28s %.8s %s\n", e.Time-start.UnixMilli(), short(e), e.AttendeeID+e.PipelineID, e.Detail)
	}
	const file = "testdata/meeting.golden"
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o600))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(golden), b.String())
}
