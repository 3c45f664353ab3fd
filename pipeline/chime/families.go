package chime

// identityRule says what the identity of a family is made of, beside the detail-type.
type identityRule uint8

const (
	// byFields: the fields that the family lists.
	byFields identityRule = iota + 1
	// byDetail: the canonical form of the whole detail.
	byDetail
	// byEnvelope: the envelope's id, or without one the canonical form of detail and the envelope's time. Only for
	// families that come over EventBridge alone: other paths have no id and another time.
	byEnvelope
	// byGuess: byDetail when detail has a timestamp, else byEnvelope. For detail-types nobody has described.
	byGuess
)

// keyClass is the sort of thing that a key names.
type keyClass string

const (
	classMeeting   keyClass = "meeting"
	classCall      keyClass = "call"
	classPipeline  keyClass = "pipeline"
	classConnector keyClass = "connector"
	classResource  keyClass = "resource"
	classType      keyClass = "type"
)

// keyField is one candidate for the key: the field, or a member inside it.
type keyField struct {
	class  keyClass
	field  field
	inside string
}

// family describes the events of one detail-type, or of several that differ in the name only. A field that a family does
// not name is never looked at: applications copy their own names into the detail of some families.
type family struct {
	// name is the first half of the kind of events without an eventType; fallback is the second half where the
	// discriminator is missing too. An empty fallback means the detail-type.
	name          string
	discriminator field
	fallback      string

	identity identityRule
	fields   []field
	// also are further fields of the identity, for events whose discriminator has the value alsoFor.
	also    []field
	alsoFor string

	// required are the fields without which there is no identity; of oneOf any one will do.
	required []field
	oneOf    []field

	// keys and times are in order of preference.
	keys  []keyField
	times []field
	// hasAttendee says that attendeeId is the family's own field.
	hasAttendee bool
	// severalPaths says that Chime sends the family over EventBridge, SQS and SNS, so that a path without a copy has lost it.
	severalPaths bool
}

//nolint:gochecknoglobals // a constant table.
var meetingFamily = family{
	name:        "meeting",
	identity:    byFields,
	fields:      []field{fieldEventType, fieldMeetingID, fieldAttendeeID, fieldTimestamp},
	required:    []field{fieldEventType, fieldTimestamp, fieldMeetingID},
	keys:        []keyField{{class: classMeeting, field: fieldMeetingID}},
	times:       []field{fieldTimestamp},
	hasAttendee: true, severalPaths: true,
}

//nolint:gochecknoglobals // a constant table.
var mediaPipelineFamily = family{
	name:     "media-pipeline",
	identity: byFields,
	fields: []field{
		fieldEventType, fieldMeetingID, fieldAttendeeID, fieldTimestamp,
		fieldMediaPipelineID, fieldKinesisVideoStreamArn, fieldStartFragmentNumber,
	},
	required: []field{fieldEventType, fieldTimestamp},
	oneOf:    []field{fieldMediaPipelineID, fieldMeetingID},
	keys: []keyField{
		{class: classMeeting, field: fieldMeetingID},
		{class: classPipeline, field: fieldMediaPipelineID},
	},
	times:       []field{fieldTimestamp},
	hasAttendee: true, severalPaths: true, // except those about a stream.
}

//nolint:gochecknoglobals // a constant table.
var videoPoolFamily = family{
	name:     "video-pool",
	identity: byFields,
	fields:   []field{fieldPoolArn, fieldEventType, fieldTimestamp},
	required: []field{fieldEventType, fieldTimestamp, fieldPoolArn},
	keys:     []keyField{{class: classResource, field: fieldPoolArn}},
	times:    []field{fieldTimestamp},
}

//nolint:gochecknoglobals // a constant table.
var insightsStateFamily = family{
	name:     "media-insights",
	fallback: "StateChange",
	identity: byEnvelope,
	keys: []keyField{
		{class: classCall, field: fieldCallID},
		{class: classCall, field: fieldTransactionID},
		{class: classPipeline, field: fieldInsightsArn},
		{class: classConnector, field: fieldVoiceConnectorID},
		{class: classResource, field: fieldInsightsConfigurationArn},
	},
	times: []field{fieldElementStatuses},
}

//nolint:gochecknoglobals // a constant table.
var insightsRulesFamily = family{
	name:     "media-insights",
	fallback: "RulesMatched",
	identity: byEnvelope,
	keys: []keyField{
		{class: classCall, field: fieldSourceMetadata, inside: "callId"},
		{class: classCall, field: fieldSourceMetadata, inside: "transactionId"},
		{class: classPipeline, field: fieldInsightsArn},
	},
}

//nolint:gochecknoglobals // a constant table.
var voiceConnectorFamily = family{
	name:          "voice-connector",
	discriminator: fieldStreamingStatus,
	identity:      byFields,
	fields: []field{
		fieldStreamingStatus, fieldVoiceConnectorID, fieldCallID, fieldTransactionID, fieldIsCaller,
		fieldStreamArn, fieldStartFragmentNumber, fieldStartTime, fieldEndTime, fieldFailTime,
	},
	also:     []field{fieldUpdateHeaders, fieldSiprecMetadata}, // an update has no time.
	alsoFor:  "UPDATED",
	required: []field{fieldStreamingStatus},
	oneOf:    []field{fieldCallID, fieldTransactionID, fieldVoiceConnectorID},
	keys: []keyField{
		{class: classCall, field: fieldCallID},
		{class: classCall, field: fieldTransactionID},
		{class: classConnector, field: fieldVoiceConnectorID},
	},
	times:        []field{fieldEndTime, fieldFailTime, fieldStartTime},
	severalPaths: true,
}

//nolint:gochecknoglobals // a constant table.
var voiceAnalyticsFamily = family{
	name:          "voice-analytics",
	discriminator: fieldDetailStatus,
	identity:      byDetail,
	keys: []keyField{
		{class: classCall, field: fieldCallID},
		{class: classCall, field: fieldTransactionID},
		{class: classPipeline, field: fieldInsightsID},
		{class: classConnector, field: fieldVoiceConnectorID},
		{class: classResource, field: fieldTaskID},
	},
}

//nolint:gochecknoglobals // a constant table.
var messagingKeys = []keyField{
	{class: classResource, field: fieldChannelArn},
	{class: classResource, field: fieldResourceArn},
	{class: classResource, field: fieldAppInstanceArn},
}

//nolint:gochecknoglobals // a constant table.
var (
	channelFlowFamily = family{
		name: "messaging", fallback: "ChannelFlowProcessing", identity: byEnvelope, keys: messagingKeys,
	}
	lexFailureFamily = family{
		name: "messaging", fallback: "LexFailure", identity: byEnvelope, keys: messagingKeys,
	}
	endpointFailureFamily = family{
		name: "messaging", fallback: "UserEndpointDeliveryFailure", identity: byEnvelope, keys: messagingKeys,
	}
)

//nolint:gochecknoglobals // a constant table.
var strangerKeys = []keyField{
	{class: classMeeting, field: fieldMeetingID},
	{class: classCall, field: fieldCallID},
	{class: classCall, field: fieldTransactionID},
	{class: classPipeline, field: fieldMediaPipelineID},
	{class: classPipeline, field: fieldInsightsArn},
	{class: classPipeline, field: fieldInsightsID},
	{class: classConnector, field: fieldVoiceConnectorID},
	{class: classResource, field: fieldPoolArn},
	{class: classResource, field: fieldChannelArn},
	{class: classResource, field: fieldResourceArn},
	{class: classResource, field: fieldAppInstanceArn},
	{class: classResource, field: fieldTaskID},
}

//nolint:gochecknoglobals // a constant table.
var (
	// unknownFamily is for detail-types that AWS adds after this was written.
	unknownFamily = family{
		name: "unknown", identity: byGuess, keys: strangerKeys, times: []field{fieldTimestamp}, hasAttendee: true,
	}
	// legacyFamily is for names that AWS lists without ever having shown a body.
	legacyFamily = family{
		name: "legacy", identity: byGuess, keys: strangerKeys, times: []field{fieldTimestamp}, hasAttendee: true,
	}
)

// families is by detail-type.
//
//nolint:gochecknoglobals // a constant table.
var families = map[string]*family{
	"Chime Meeting State Change":                               &meetingFamily,
	"Chime Media Pipeline State Change":                        &mediaPipelineFamily,
	"Chime Media Pipeline Kinesis Video Pool State Change":     &videoPoolFamily,
	"Media Insights State Change":                              &insightsStateFamily,
	"Media Insights Rules Matched":                             &insightsRulesFamily,
	"Chime VoiceConnector Streaming Status":                    &voiceConnectorFamily,
	"SpeakerSearchStatus":                                      &voiceAnalyticsFamily,
	"VoiceToneAnalysisStatus":                                  &voiceAnalyticsFamily,
	"VoiceAnalyticsStatus":                                     &voiceAnalyticsFamily,
	"Chime ChannelFlow Processing Status":                      &channelFlowFamily,
	"Chime Messaging AppInstanceBot Lex Failure":               &lexFailureFamily,
	"Chime Messaging AppInstanceUserEndpoint Delivery Failure": &endpointFailureFamily,
	"Chime Streaming Status":                                   &legacyFamily,
	"Chime Chat Streaming Status":                              &legacyFamily,
	"Call Insights State Change":                               &legacyFamily,
	"Call Insights Rules Matched":                              &legacyFamily,
}

// familyOf returns the description of a detail-type.
func familyOf(detailType []byte) *family {
	if f, known := families[string(detailType)]; known {
		return f
	}
	return &unknownFamily
}
