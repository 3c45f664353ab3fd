package chime

// part is a member of the outermost object that the reader looks at.
type part uint8

const (
	partID part = iota
	partSource
	partTime
	partDetailType
	partDetail
	partRecords
	partType
	partMessage
	partSns
	partBody
	partInvocation
	partCount
)

//nolint:gochecknoglobals // a constant table.
var partNames = [partCount]string{
	partID:         "id",
	partSource:     "source",
	partTime:       "time",
	partDetailType: "detail-type",
	partDetail:     "detail",
	partRecords:    "Records",
	partType:       "Type",
	partMessage:    "Message",
	partSns:        "Sns",
	partBody:       "body",
	partInvocation: "InvocationEventType",
}

// field is a member of detail that some family's table names. Which of them count for an event is up to its family.
type field uint8

const (
	fieldNone field = iota
	fieldEventType
	fieldTimestamp
	fieldMeetingID
	fieldAttendeeID
	fieldMediaPipelineID
	fieldKinesisVideoStreamArn
	fieldStartFragmentNumber
	fieldPoolArn
	fieldStreamingStatus
	fieldVoiceConnectorID
	fieldCallID
	fieldTransactionID
	fieldIsCaller
	fieldStreamArn
	fieldStartTime
	fieldEndTime
	fieldFailTime
	fieldUpdateHeaders
	fieldSiprecMetadata
	fieldDetailStatus
	fieldInsightsArn
	fieldInsightsID
	fieldInsightsConfigurationArn
	fieldElementStatuses
	fieldSourceMetadata
	fieldChannelArn
	fieldResourceArn
	fieldAppInstanceArn
	fieldTaskID
	fieldCount
)

//nolint:gochecknoglobals // a constant table.
var fieldNames = [fieldCount]string{
	fieldEventType:                "eventType",
	fieldTimestamp:                "timestamp",
	fieldMeetingID:                "meetingId",
	fieldAttendeeID:               "attendeeId",
	fieldMediaPipelineID:          "mediaPipelineId",
	fieldKinesisVideoStreamArn:    "kinesisVideoStreamArn",
	fieldStartFragmentNumber:      "startFragmentNumber",
	fieldPoolArn:                  "poolArn",
	fieldStreamingStatus:          "streamingStatus",
	fieldVoiceConnectorID:         "voiceConnectorId",
	fieldCallID:                   "callId",
	fieldTransactionID:            "transactionId",
	fieldIsCaller:                 "isCaller",
	fieldStreamArn:                "streamArn",
	fieldStartTime:                "startTime",
	fieldEndTime:                  "endTime",
	fieldFailTime:                 "failTime",
	fieldUpdateHeaders:            "updateHeaders",
	fieldSiprecMetadata:           "siprecMetadata",
	fieldDetailStatus:             "detailStatus",
	fieldInsightsArn:              "mediaInsightsPipelineArn",
	fieldInsightsID:               "mediaInsightsPipelineId",
	fieldInsightsConfigurationArn: "mediaInsightsPipelineConfigurationArn",
	fieldElementStatuses:          "mediaInsightsPipelineElementStatuses",
	fieldSourceMetadata:           "sourceMetadata",
	fieldChannelArn:               "channelArn",
	fieldResourceArn:              "resourceArn",
	fieldAppInstanceArn:           "appInstanceArn",
	fieldTaskID:                   "taskId",
}

//nolint:gochecknoglobals // the inverses of the constant tables above, never written again.
var (
	partByName  = inverse[part](partNames[:])
	fieldByName = inverse[field](fieldNames[:])
)

// inverse maps each name to its place. An empty name has none.
func inverse[T ~uint8](names []string) map[string]T {
	m := make(map[string]T, len(names))
	next := T(0)
	for _, name := range names {
		if name != "" {
			m[name] = next
		}
		next++
	}
	return m
}
