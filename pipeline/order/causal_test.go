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

// step is events that come at one instant, and what is to leave by then.
type step struct {
	at        int64
	push, out string
}

func TestCausal(t *testing.T) {
	const begun = "MeetingStarted@1 Added.a@2 Joined.a@3"
	for name, steps := range map[string][]step{
		"a predecessor comes": {
			{0, "MeetingStarted@1", "MeetingStarted@1"},
			{1, "Joined.a@3 VideoStarted.a@4", ""},
			{2, "Added.a@2", "Added.a@2 Joined.a@3 VideoStarted.a@4"},
		},
		"a predecessor does not come": {
			{0, "MeetingStarted@1", "MeetingStarted@1"},
			{1, "Joined.a@3 Left.a@4", ""},
			{10, "Left.a@6", ""},
			{11, "", "Joined.a@3?added Left.a@4"},
			{12, "Joined.a@5", "Joined.a@5 Left.a@6"},
			{13, "Added.a@2", "Added.a@2!4"},
			{14, "Joined.a@7", "Joined.a@7"},
		},
		"in a meeting seen in the middle each attendee waits once": {
			{0, "VideoStopped.a@9 Left.b@9", ""},
			{10, "", "VideoStopped.a@9?started,added,joined,camera_on Left.b@9?started,added,joined"},
			{11, "Joined.c@10", ""},
			{12, "Left.a@11", "Left.a@11"},
			{21, "", "Joined.c@10?started,added"},
			{22, "Left.c@11 Joined.c@12 MeetingStarted@1", "Left.c@11 Joined.c@12 MeetingStarted@1!11"},
		},
		"the start is waited for until the attendee has joined": {
			{0, "Added.a@2", ""},
			{10, "Authorized.a@3", "Added.a@2?started"},
			{11, "MeetingStarted@1", "MeetingStarted@1!1 Authorized.a@3"},
		},
		"others do not wait": {
			{0, begun, begun},
			{1, "Joined.b@4 VideoStarted.a@5", "VideoStarted.a@5"},
		},
		"a rejoin waits for the drop": {
			{0, begun, begun},
			{1, "Joined.a@5", ""},
			{2, "Dropped.a@5", "Dropped.a@5 Joined.a@5"},
			{3, "Joined.a@7", ""},
			{13, "", "Joined.a@7?departed"},
			{14, "Dropped.a@7", "Dropped.a@7!0"},
			{15, "Left.a@8", "Left.a@8"},
		},
		"a held drop is not overtaken": {
			{0, "MeetingStarted@1 Added.a@2", "MeetingStarted@1 Added.a@2"},
			{1, "Dropped.a@4 Joined.a@5", ""},
			{2, "Joined.a@3", "Joined.a@3 Dropped.a@4 Joined.a@5"},
		},
		"the end waits for who is there": {
			{0, begun + " Added.b@2", begun + " Added.b@2"},
			{1, "MeetingEnded@9 Left.b@8", ""},
			{2, "Left.a@8", "Left.a@8"},
			{3, "Joined.b@3", "Joined.b@3 Left.b@8 MeetingEnded@9"},
		},
		"the end leaves without them": {
			{0, begun + " Added.b@2", begun + " Added.b@2"},
			{1, "MeetingEnded@9", ""},
			{2, "Left.b@8", ""},
			{11, "", "Left.b@8?joined MeetingEnded@9?all_departed"},
			{12, "Left.a@9", "Left.a@9!0"},
			{13, "Left.b@12", ""},
		},
		"what is older changes nothing": {
			{0, begun + " VideoStarted.a@7", begun + " VideoStarted.a@7"},
			{1, "Left.a@5", "Left.a@5!2"},
			{2, "VideoStopped.a@8", "VideoStopped.a@8"},
		},
		"deleted while present": {
			{0, begun, begun},
			{1, "Deleted.a@5", ""},
			{2, "Left.a@4", "Left.a@4 Deleted.a@5"},
			{3, "CapabilitiesUpdated.a@3", "CapabilitiesUpdated.a@3!2"},
		},
		"a departure waits for the camera": {
			{0, begun + " VideoStarted.a@4", begun + " VideoStarted.a@4"},
			{1, "Left.a@6", ""},
			{2, "VideoStopped.a@5", "VideoStopped.a@5 Left.a@6"},
		},
		"a camera that nobody switches off": {
			{0, begun + " VideoStarted.a@4", begun + " VideoStarted.a@4"},
			{1, "Dropped.a@6", ""},
			{11, "Joined.a@7 VideoStarted.a@8", "Dropped.a@6?camera_off Joined.a@7 VideoStarted.a@8"},
		},
		"a camera that goes off after its owner": {
			{0, begun + " VideoStarted.a@4", begun + " VideoStarted.a@4"},
			{1, "Left.a@6", ""},
			{2, "VideoStopped.a@7", "Left.a@6 VideoStopped.a@7"},
		},
		"a camera that goes on before its owner is back": {
			{0, begun + " Dropped.a@5", begun + " Dropped.a@5"},
			{1, "VideoStarted.a@6", ""},
			{11, "Joined.a@8 VideoStopped.a@9", "VideoStarted.a@6?joined Joined.a@8 VideoStopped.a@9"},
		},
		"one camera session after another": {
			{0, begun + " VideoStarted.a@4", begun + " VideoStarted.a@4"},
			{1, "VideoStarted.a@8", ""},
			{2, "VideoStopped.a@6", "VideoStopped.a@6 VideoStarted.a@8"},
			{3, "VideoStopped.a@9", "VideoStopped.a@9"},
		},
		"who drops with the camera on drops before the rejoin": {
			{0, begun + " VideoStarted.a@4", begun + " VideoStarted.a@4"},
			{1, "Joined.a@9", ""},
			{2, "Dropped.a@9", ""},
			{11, "", "Dropped.a@9?camera_off Joined.a@9"},
		},
		"a camera session within the millisecond of the departure": {
			{0, begun + " Left.a@5", begun + " Left.a@5"},
			{1, "VideoStopped.a@5", ""},
			{2, "VideoStarted.a@5", "VideoStarted.a@5!0 VideoStopped.a@5!0"},
		},
		"a late event waits for a window at most": {
			{0, begun + " Left.a@7", begun + " Left.a@7"},
			{1, "VideoStopped.a@6", ""},
			{2, "Joined.a@8", ""},
			{11, "", "VideoStopped.a@6!1 Joined.a@8"},
		},
		"content": {
			{0, begun + " ContentJoined.a@4 ContentVideoStarted.a@5", begun + " ContentJoined.a@4 ContentVideoStarted.a@5"},
			{1, "ContentJoined.a@9 ContentLeft.a@8", ""},
			{2, "ContentVideoStopped.a@7", "ContentVideoStopped.a@7 ContentLeft.a@8 ContentJoined.a@9"},
			{3, "ContentVideoStarted.a@10 ContentDropped.a@12 ContentVideoStopped.a@13", "ContentVideoStarted.a@10 ContentDropped.a@12 ContentVideoStopped.a@13"},
		},
		"authorizations are waited for where they are usual": {
			{0, "MeetingStarted@1 Added.a@2 Joined.a@3 Authorized.a@4", "MeetingStarted@1 Added.a@2 Joined.a@3 Authorized.a@4"},
			{1, "Added.b@5 Joined.b@6", "Added.b@5 Joined.b@6"},
			{2, "Added.c@7 Authorized.c@8", "Added.c@7 Authorized.c@8"},
			{3, "Added.d@9 Joined.d@11", "Added.d@9"},
			{4, "Authorized.d@10 Joined.p@11", "Authorized.d@10 Joined.d@11 Joined.p@11"},
			{5, "Added.e@12 Joined.e@13", "Added.e@12"},
			{15, "Dropped.e@14 Joined.e@15", "Joined.e@13?authorized Dropped.e@14 Joined.e@15"},
		},
		"transcription": {
			{0, "MeetingStarted@1 TranscriptionResumed@5", "MeetingStarted@1"},
			{1, "TranscriptionInterrupted@4", ""},
			{2, "TranscriptionStarted@3", "TranscriptionStarted@3 TranscriptionInterrupted@4 TranscriptionResumed@5"},
			{3, "TranscriptionStopped@9", "TranscriptionStopped@9"},
			{4, "TranscriptionInterrupted@7", "TranscriptionInterrupted@7!2"},
		},
	} {
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

// TestForcedOutByALateOne has an event that left before its own hold ended, because that of a late one behind it did. A meeting that is
// read back then knows that it has left, although late events may be told of behind all others.
func TestForcedOutByALateOne(t *testing.T) {
	event := func(i int, kind, attendee string, at int64) order.Entry[int] {
		return order.Entry[int]{Key: "m", ID: entry(i, uint16(i)).ID, Kind: "chime:" + kind, Attendee: attendee, Time: at, Payload: i}
	}
	b := order.New[int](config(order.ModeCausal), unlimited)
	b.Push(instant(0), event(0, "MeetingStarted", "", 1))
	b.Push(instant(0), event(1, "MeetingEnded", "", 2))
	b.Push(instant(0), event(2, "AttendeeLeft", "a", 1)) // late, and waits for its join
	b.Push(instant(window/2), event(3, "AttendeeAuthorized", "a", 1))
	out := b.Due(nil, instant(window))
	require.Len(t, out, 4)
	require.True(t, b.Forget("m"))
	for _, e := range history(out, true) {
		b.Restore(instant(window), e)
	}
	require.Zero(t, b.Held())
	b.Push(instant(window), event(4, "AttendeeAdded", "a", 1))
	out = b.Due(nil, instant(window))
	require.Len(t, out, 1)
	require.True(t, out[0].IsLate, "the authorization has left without it")
}
