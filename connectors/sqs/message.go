package sqs

import (
	"crypto/md5" //nolint:gosec // G501: SQS checks bodies with MD5
	"encoding/hex"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/pipeline"
)

// intact reports whether the body is what SQS says it sent. Without a checksum it is believed.
func intact(m *types.Message) bool {
	if m.MD5OfBody == nil {
		return true
	}
	sum := md5.Sum([]byte(aws.ToString(m.Body))) //nolint:gosec // G401: SQS checks bodies with MD5
	return hex.EncodeToString(sum[:]) == *m.MD5OfBody
}

// notification is what the emitter gets: the body as it is, whatever wraps it.
func notification(m *types.Message, now time.Time) pipeline.Notification {
	return pipeline.Notification{
		Body: []byte(aws.ToString(m.Body)), Received: now, Trace: aws.ToString(m.MessageId),
	}
}

// sent is when the message was sent, by the clock of SQS. Zero: SQS did not say.
func sent(m *types.Message) time.Time {
	ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// receives is how often the message was handed out, this time included. false: SQS did not say.
func receives(m *types.Message) (int, bool) {
	n, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	return n, err == nil
}
