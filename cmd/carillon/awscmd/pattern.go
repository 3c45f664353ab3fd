package awscmd

const (
	chimeSource      = "aws.chime"
	cloudTrailDetail = "AWS API Call via CloudTrail"
	meetingDetail    = "Chime Meeting State Change"
)

// Pattern is the event pattern of the rule that feeds Carillon.
type Pattern struct {
	Source     []string `json:"source"`
	DetailType []string `json:"detail-type"`
}

// EventPattern matches every kind of event that the Chime SDK is documented to put on the default bus. CloudTrail records
// have the same source and are left out: they are no notifications.
func EventPattern() Pattern {
	return Pattern{Source: []string{chimeSource}, DetailType: detailTypes()}
}

// detailTypes is AWS's own list of direct events of the source aws.chime.
func detailTypes() []string {
	return []string{
		meetingDetail,
		"Chime Media Pipeline State Change",
		"Chime Media Pipeline Kinesis Video Pool State Change",
		"Media Insights State Change",
		"Media Insights Rules Matched",
		"Chime VoiceConnector Streaming Status",
		"Chime ChannelFlow Processing Status",
		"Chime Messaging AppInstanceBot Lex Failure",
		"Chime Messaging AppInstanceUserEndpoint Delivery Failure",
		"Chime Streaming Status",
		"Chime Chat Streaming Status",
		"Call Insights State Change",
		"Call Insights Rules Matched",
	}
}
