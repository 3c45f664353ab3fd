package order_test

// step is events that come at one instant, and what is to leave by then.
type step struct {
	at        int64
	push, out string
}

// causalCases are short scripts with what is to leave when.
func causalCases() map[string][]step {
	const begun = "MeetingStarted@1 Added.a@2 Joined.a@3"
	return map[string][]step{
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
			{2, "VideoStarted.a@5", "VideoStarted.a@5!0 VideoStopped.a@5"},
			{3, "Joined.a@6 VideoStarted.a@7", "Joined.a@6 VideoStarted.a@7"},
		},
		"the end of a camera session of which nothing else comes": {
			{0, begun + " Left.a@5", begun + " Left.a@5"},
			{1, "VideoStopped.a@5", ""},
			{2, "Joined.a@6", ""},
			{11, "VideoStarted.a@7", "VideoStopped.a@5?camera_on Joined.a@6 VideoStarted.a@7"},
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
	}
}
