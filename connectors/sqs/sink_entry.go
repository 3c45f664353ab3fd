package sqs

import (
	"strconv"

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
	m, err := format.Encode(f, e)
	if err != nil {
		return entry, 0, err
	}
	body, err := entries.Text(m.Body)
	if err != nil {
		return entry, 0, err
	}
	entry = types.SendMessageBatchRequestEntry{
		MessageBody: &body, MessageAttributes: make(map[string]types.MessageAttributeValue, len(m.Attributes)),
	}
	size = len(body)
	for _, a := range m.Attributes {
		entry.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: aws.String(dataType), StringValue: &a.Value}
		size += len(a.Name) + len(dataType) + len(a.Value)
	}
	if fifo {
		entry.MessageGroupId, entry.MessageDeduplicationId = aws.String(entries.Group(e.Key)), aws.String(e.ID.String())
	}
	return entry, size, entries.Fit(size, sendLimit())
}

const dataType = "String"

// refused is the table of answers: whether a code is about the message.
func refused(code string) bool {
	switch code {
	case "InvalidMessageContents", "InvalidParameterValue", "InvalidParameterValueException", "BatchRequestTooLong",
		"AWS.SimpleQueueService.BatchRequestTooLong", "MessageTooLong":
		return true
	}
	return false
}

// answersOf reads the answer to a batch whose ids are the places of its entries. An entry that is not in it is not accepted, as
// far as anybody knows.
func answersOf(n int, accepted []types.SendMessageBatchResultEntry, failed []types.BatchResultErrorEntry) []error {
	out := make([]error, n)
	for i := range out {
		out[i] = errNoAnswer
	}
	for i := range accepted {
		if at, err := strconv.Atoi(text(accepted[i].Id)); err == nil && at >= 0 && at < n {
			out[at] = nil
		}
	}
	for i := range failed {
		if at, err := strconv.Atoi(text(failed[i].Id)); err == nil && at >= 0 && at < n {
			out[at] = entries.Answered(text(failed[i].Code), text(failed[i].Message), refused)
		}
	}
	return out
}
