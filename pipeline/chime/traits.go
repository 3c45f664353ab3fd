package chime

// Dimension is a state that kinds of events switch on and off, for one attendee or, as transcription, for the meeting.
type Dimension uint8

// The dimensions.
const (
	// DimensionNone: the kind switches nothing.
	DimensionNone Dimension = iota
	// DimensionPresence: the attendee is in the meeting.
	DimensionPresence
	// DimensionCamera: the attendee's camera sends.
	DimensionCamera
	// DimensionContentConnection: the attendee's content share is connected.
	DimensionContentConnection
	// DimensionContentVideo: the attendee's content share sends video.
	DimensionContentVideo
	// DimensionTranscription: the meeting is being transcribed.
	DimensionTranscription
)

// Switch is what a kind does to its dimension.
type Switch uint8

// The positions.
const (
	// SwitchNone: nothing.
	SwitchNone Switch = iota
	// SwitchOn: the state holds from this event on.
	SwitchOn
	// SwitchOff: the state ends with this event.
	SwitchOff
)

// DefaultRank is the rank of kinds without a place of their own: in the middle of everything.
const DefaultRank uint8 = 55

// Traits are what order needs to know of a kind to break a tie between events of one millisecond.
type Traits struct {
	// Rank sorts kinds from what opens to what closes: 0 for the start of a meeting, 90 for its end.
	Rank uint8
	// Dimension is the state that the kind switches.
	Dimension Dimension
	// Switch is which way; SwitchNone exactly when Dimension is DimensionNone.
	Switch Switch
}

// Lookup returns the traits of a kind. An unknown kind has DefaultRank and switches nothing.
func Lookup(kind string) Traits {
	if k, known := kinds[kind]; known {
		return k.traits
	}
	return Traits{Rank: DefaultRank}
}

type knownKind struct {
	name   string
	traits Traits
}

// kinds is by name. Kinds of the families without documented precedence are here with DefaultRank, so that the table is
// the list of all that is known.
//
//nolint:gochecknoglobals // a constant table.
var kinds = byName(meetingKinds(), pipelineKinds(), voiceKinds(), insightsKinds(), otherKinds())

func byName(lists ...[]knownKind) map[string]knownKind {
	m := map[string]knownKind{}
	for _, list := range lists {
		for _, k := range list {
			m[k.name] = k
		}
	}
	return m
}

func meetingKinds() []knownKind {
	return []knownKind{
		{"chime:MeetingStarted", Traits{Rank: 0}},
		{"chime:AttendeeAdded", Traits{Rank: 10}},
		{"chime:AttendeeAuthorized", Traits{Rank: 20}},
		{"chime:AttendeeJoined", Traits{30, DimensionPresence, SwitchOn}},
		{"chime:AttendeeCapabilitiesUpdated", Traits{Rank: 35}},
		{"chime:AttendeeVideoStarted", Traits{40, DimensionCamera, SwitchOn}},
		{"chime:AttendeeContentJoined", Traits{45, DimensionContentConnection, SwitchOn}},
		{"chime:AttendeeContentVideoStarted", Traits{50, DimensionContentVideo, SwitchOn}},
		{"chime:AttendeeScreenShareStarted", Traits{50, DimensionContentVideo, SwitchOn}},
		{"chime:TranscriptionStarted", Traits{DefaultRank, DimensionTranscription, SwitchOn}},
		{"chime:TranscriptionResumed", Traits{DefaultRank, DimensionTranscription, SwitchOn}},
		{"chime:TranscriptionInterrupted", Traits{DefaultRank, DimensionTranscription, SwitchOff}},
		{"chime:TranscriptionStopped", Traits{DefaultRank, DimensionTranscription, SwitchOff}},
		{"chime:TranscriptionFailed", Traits{DefaultRank, DimensionTranscription, SwitchOff}},
		{"chime:AttendeeContentVideoStopped", Traits{60, DimensionContentVideo, SwitchOff}},
		{"chime:AttendeeScreenShareStopped", Traits{60, DimensionContentVideo, SwitchOff}},
		{"chime:AttendeeContentLeft", Traits{65, DimensionContentConnection, SwitchOff}},
		{"chime:AttendeeContentDropped", Traits{65, DimensionContentConnection, SwitchOff}},
		{"chime:AttendeeVideoStopped", Traits{70, DimensionCamera, SwitchOff}},
		{"chime:AttendeeLeft", Traits{75, DimensionPresence, SwitchOff}},
		{"chime:AttendeeDropped", Traits{75, DimensionPresence, SwitchOff}},
		{"chime:AttendeeDeleted", Traits{Rank: 80}},
		{"chime:MeetingEnded", Traits{Rank: 90}},
	}
}

func pipelineKinds() []knownKind {
	return []knownKind{
		{"chime:MediaPipelineInProgress", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineTemporaryFailure", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineResumed", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelinePermanentFailure", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineDeleted", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamStart", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamEnd", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamPoolActive", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamPoolUpdated", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamPoolDeleted", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamPoolTemporaryFailure", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamPoolPermanentFailure", Traits{Rank: DefaultRank}},
		{"chime:MediaPipelineKinesisVideoStreamPoolStreamLimitExceeded", Traits{Rank: DefaultRank}},
	}
}

// voiceKinds ranks the stream of a call as the presence of an attendee is ranked.
func voiceKinds() []knownKind {
	return []knownKind{
		{"voice-connector:STARTED", Traits{Rank: 30}},
		{"voice-connector:UPDATED", Traits{Rank: DefaultRank}},
		{"voice-connector:FAILED", Traits{Rank: 75}},
		{"voice-connector:ENDED", Traits{Rank: 75}},
		{"voice-analytics:AnalyticsReady", Traits{Rank: DefaultRank}},
		{"voice-analytics:IdentificationSuccessful", Traits{Rank: DefaultRank}},
		{"voice-analytics:IdentificationFailure", Traits{Rank: DefaultRank}},
		{"voice-analytics:IdentificationNoMatchesFound", Traits{Rank: DefaultRank}},
		{"voice-analytics:VoiceprintGenerationSuccessful", Traits{Rank: DefaultRank}},
		{"voice-analytics:VoiceprintGenerationSuccess", Traits{Rank: DefaultRank}},
		{"voice-analytics:VoiceprintGenerationFailure", Traits{Rank: DefaultRank}},
		{"voice-analytics:VoiceToneAnalysisSuccessful", Traits{Rank: DefaultRank}},
		{"voice-analytics:VoiceToneAnalysisFailure", Traits{Rank: DefaultRank}},
		{"voice-analytics:VoiceToneAnalysisCompleted", Traits{Rank: DefaultRank}},
		{"voice-analytics:PostCallVoiceAnalytics", Traits{Rank: DefaultRank}},
	}
}

// insightsKinds ranks what opens and closes a pipeline, because its events often carry whole seconds only.
func insightsKinds() []knownKind {
	return []knownKind{
		{"chime:MediaInsightsCreated", Traits{Rank: 30}},
		{"chime:MediaInsightsInProgress", Traits{Rank: DefaultRank}},
		{"chime:MediaInsightsPaused", Traits{Rank: DefaultRank}},
		{"chime:MediaInsightsTemporaryFailure", Traits{Rank: DefaultRank}},
		{"media-insights:RulesMatched", Traits{Rank: DefaultRank}},
		{"chime:MediaInsightsStopped", Traits{Rank: 75}},
		{"chime:MediaInsightsPermanentFailure", Traits{Rank: 75}},
		{"chime:MediaInsightsCreateFailed", Traits{Rank: 75}},
	}
}

func otherKinds() []knownKind {
	return []knownKind{
		{"ProcessorInvocationFailure", Traits{Rank: DefaultRank}},
		{"messaging:LexFailure", Traits{Rank: DefaultRank}},
		{"messaging:UserEndpointDeliveryFailure", Traits{Rank: DefaultRank}},
		{"legacy:chime-streaming-status", Traits{Rank: DefaultRank}},
		{"legacy:chime-chat-streaming-status", Traits{Rank: DefaultRank}},
		{"legacy:call-insights-state-change", Traits{Rank: DefaultRank}},
		{"legacy:call-insights-rules-matched", Traits{Rank: DefaultRank}},
	}
}
