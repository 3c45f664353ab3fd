package sqs

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/connectors/entries"
	"carillon/connectors/format"
	"carillon/pipeline"
)

// sendLimit is what one SendMessageBatch may have, the attributes of its messages included. A queue may have been set to less.
func sendLimit() entries.Limit { return entries.Limit{Entries: maxBatch, Bytes: 1 << 20} }

// newEntry returns e as an entry of SendMessageBatch, without its Id, and its size. An error is of class reject.
func newEntry(f format.Format, e *pipeline.Event, fifo bool) (entry types.SendMessageBatchRequestEntry, size int, err error) {
	m, err := entries.NewMessage(f, e)
	if err != nil {
		return entry, 0, err
	}
	entry = types.SendMessageBatchRequestEntry{
		MessageBody: &m.Body, MessageAttributes: make(map[string]types.MessageAttributeValue, len(m.Attributes)),
	}
	for _, a := range m.Attributes {
		entry.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: aws.String(entries.DataType), StringValue: &a.Value}
	}
	if fifo {
		entry.MessageGroupId, entry.MessageDeduplicationId = aws.String(entries.Group(e.Key)), aws.String(e.ID.String())
	}
	return entry, m.Size, nil
}

// refused is the table of answers: whether a code is about the message.
func refused(code string) bool {
	switch code {
	case "InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException", "BatchRequestTooLong",
		"AWS.SimpleQueueService.BatchRequestTooLong", "MessageTooLong":
		return true
	}
	return false
}

// answersOf reads the answer to a batch whose ids are the places of its entries.
func answersOf(n int, accepted []types.SendMessageBatchResultEntry, failed []types.BatchResultErrorEntry) entries.Answers {
	out := entries.NewAnswers(n)
	for i := range accepted {
		out.Set(text(accepted[i].Id), nil)
	}
	for i := range failed {
		out.Set(text(failed[i].Id), entries.Answered(text(failed[i].Code), text(failed[i].Message), refused))
	}
	return out
}
