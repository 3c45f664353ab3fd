package order_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/order"
)

// stage plays short scripts in mode causal. An event is written "Kind.attendee@time": "Joined.a@3" happened at 3 and is about a.
type stage struct {
	*order.Buffer[int]
	n int
}

func newStage() *stage {
	return &stage{Buffer: order.New[int](config(order.ModeCausal), unlimited)}
}

// parse reads an event. Attendees whose name begins with "p" are media pipelines, "x#" is the content share of x.
func (s *stage) parse(text string) order.Entry[int] {
	what, time, _ := strings.Cut(text, "@")
	kind, attendee, person := strings.Cut(what, ".")
	s.n++
	e := entry(s.n, uint16(1000-s.n)) // Identity alone would turn the order round.
	e.Key, e.Kind = "m", "chime:"+kind
	if person {
		e.Kind = "chime:Attendee" + kind
	}
	e.Attendee = strings.TrimSuffix(attendee, "#")
	switch {
	case strings.HasSuffix(attendee, "#"):
		e.Role = pipeline.RoleContent
	case strings.HasPrefix(attendee, "p"):
		e.Role = pipeline.RoleService
	}
	e.Time, _ = strconv.ParseInt(time, 10, 64)
	return e
}

// push pushes events at one instant and returns what leaves, as written, with "!" and by how much it is late, or "?" and the
// gap behind it.
func (s *stage) push(at int64, events ...string) []string {
	for _, e := range events {
		s.Push(instant(at), s.parse(e))
	}
	return s.due(at)
}

func (s *stage) due(at int64) []string {
	out := []string{}
	for _, e := range s.Due(nil, instant(at)) {
		text := strings.TrimPrefix(strings.TrimPrefix(e.Kind, "chime:"), "Attendee")
		if e.Attendee != "" {
			text += "." + e.Attendee
		}
		if e.Role == pipeline.RoleContent {
			text += "#"
		}
		text += fmt.Sprintf("@%d", e.Time)
		if e.IsLate {
			text += fmt.Sprintf("!%d", e.Late)
		}
		if e.Gap != "" {
			text += "?" + e.Gap
		}
		out = append(out, text)
	}
	return out
}

// TestInOrderTrafficIsNeverDelayed pushes lives in the order in which they happened: each event leaves at once.
func TestInOrderTrafficIsNeverDelayed(t *testing.T) {
	for name, life := range map[string]string{
		"a meeting":                        "MeetingStarted@1 Added.a@2 Authorized.a@3 Joined.a@4 VideoStarted.a@5 VideoStopped.a@6 Left.a@7 Deleted.a@8 MeetingEnded@9",
		"no authorization":                 "MeetingStarted@1 Added.a@2 Joined.a@4 Left.a@7 MeetingEnded@9",
		"a drop and a rejoin":              "MeetingStarted@1 Added.a@2 Joined.a@3 Dropped.a@4 Joined.a@5 Left.a@6 Joined.a@7 Dropped.a@8",
		"within a millisecond":             "MeetingStarted@1 Added.a@1 Authorized.a@1 Joined.a@1 Dropped.a@1 Joined.a@1 Left.a@1 MeetingEnded@1",
		"a hand-off":                       "MeetingStarted@1 Added.a@2 Joined.a@3 Authorized.a@4 Joined.a@5 Left.a@6",
		"added twice":                      "MeetingStarted@1 Added.a@2 Joined.a@3 Left.a@4 Added.a@5 Joined.a@6",
		"cameras":                          "MeetingStarted@1 Added.a@2 Joined.a@3 VideoStarted.a@4 VideoStopped.a@5 Dropped.a@6 Joined.a@7 VideoStarted.a@7 VideoStopped.a@8 Left.a@9",
		"content outlives its owner":       "MeetingStarted@1 Added.a@2 Joined.a@3 ContentJoined.a@4 ContentVideoStarted.a@5 Left.a@6 ContentVideoStopped.a@7 ContentDropped.a@8",
		"old kinds of content":             "MeetingStarted@1 Added.a@2 Joined.a@3 ScreenShareStarted.a@4 ScreenShareStopped.a@5 Left.a@6",
		"a content attendee":               "MeetingStarted@1 Added.a@2 Joined.a@3 ContentJoined.a#@4 Joined.a#@4 VideoStarted.a#@5 VideoStopped.a#@6 Left.a#@7 ContentLeft.a@7 VideoStarted.a@8 VideoStopped.a@9 Left.a@9",
		"a media pipeline":                 "MeetingStarted@1 MediaPipelineInProgress@2 Joined.p@3 Added.a@3 Joined.a@4 Left.a@5 MeetingEnded@6 Left.p@7 MediaPipelineDeleted@9",
		"the late tail":                    "MeetingStarted@1 Added.a@2 Joined.a@3 Left.a@4 MeetingEnded@5 CapabilitiesUpdated.a@6 Joined.a@7 Left.a@8",
		"transcription":                    "MeetingStarted@1 TranscriptionStarted@2 TranscriptionStarted@3 TranscriptionInterrupted@4 TranscriptionResumed@5 TranscriptionInterrupted@6 TranscriptionStopped@7",
		"transcription that never started": "MeetingStarted@1 TranscriptionFailed@2",
		"no meeting at all":                "MediaPipelineDeleted@1 SomethingNew@2",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage()
			for i, e := range strings.Fields(life) {
				require.Equal(t, []string{e}, s.push(int64(i), e))
			}
			require.Zero(t, s.Held())
		})
	}
}

func TestCausal(t *testing.T) {
	for name, steps := range causalCases() {
		t.Run(name, func(t *testing.T) {
			s := newStage()
			for _, st := range steps {
				require.Equal(t, strings.Fields(st.out), s.push(st.at, strings.Fields(st.push)...), "at %d", st.at)
			}
		})
	}
}

// TestAThousandAfterOneMissing expects one window in all for everything that follows one missing AttendeeAdded.
func TestAThousandAfterOneMissing(t *testing.T) {
	s := newStage()
	require.Len(t, s.push(0, "MeetingStarted@1"), 1)
	left, gaps := 0, 0
	for i := range int64(1000) {
		kind := []string{"Joined", "VideoStarted", "VideoStopped", "Left"}[i%4]
		for _, e := range s.push(i, fmt.Sprintf("%s.a@%d", kind, i+2)) {
			left++
			if strings.Contains(e, "?") {
				require.Equal(t, "Joined.a@2?added", e)
				gaps++
			}
		}
		if i < window {
			require.Zero(t, left)
		} else {
			require.Equal(t, int(i)+1, left)
		}
	}
	require.Equal(t, 1, gaps)
}
