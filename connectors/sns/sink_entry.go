package sns

import (
	"errors"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"carillon/connectors/entries"
	"carillon/connectors/format"
	"carillon/pipeline"
)

// publishLimit is what one PublishBatch may have, the attributes of its messages included.
func publishLimit() entries.Limit { return entries.Limit{Entries: 10, Bytes: 256 << 10} }

const dataType = "String"

var errNoAnswer = errors.New("the answer does not tell about this entry")

// newEntry returns e as an entry of PublishBatch, without its Id, and its size. An error is of class reject.
func newEntry(f format.Format, e *pipeline.Event, fifo bool) (entry types.PublishBatchRequestEntry, size int, err error) {
	m, err := format.Encode(f, e)
	if err != nil {
		return entry, 0, err
	}
	body, err := entries.Text(m.Body)
	if err != nil {
		return entry, 0, err
	}
	entry = types.PublishBatchRequestEntry{
		Message: &body, MessageAttributes: make(map[string]types.MessageAttributeValue, len(m.Attributes)),
	}
	size = len(body)
	for _, a := range m.Attributes {
		entry.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: aws.String(dataType), StringValue: &a.Value}
		size += len(a.Name) + len(dataType) + len(a.Value)
	}
	if fifo {
		entry.MessageGroupId, entry.MessageDeduplicationId = aws.String(entries.Group(e.Key)), aws.String(e.ID.String())
	}
	return entry, size, entries.Fit(size, publishLimit())
}

// refusesMessage is the table of answers: whether a code is about the message.
func refusesMessage(code string) bool {
	switch code {
	case "InvalidParameter", "InvalidParameterException", "InvalidParameterValue", "ParameterValueInvalid", "BatchRequestTooLong",
		"BatchRequestTooLongException":
		return true
	}
	return false
}

// answersOf reads the answer to a batch whose ids are the places of its entries. An entry that is not in it is not accepted, as
// far as anybody knows.
func answersOf(n int, accepted []types.PublishBatchResultEntry, failed []types.BatchResultErrorEntry) []error {
	out := make([]error, n)
	for i := range out {
		out[i] = errNoAnswer
	}
	for i := range accepted {
		if at, err := strconv.Atoi(aws.ToString(accepted[i].Id)); err == nil && at >= 0 && at < n {
			out[at] = nil
		}
	}
	for i := range failed {
		if at, err := strconv.Atoi(aws.ToString(failed[i].Id)); err == nil && at >= 0 && at < n {
			out[at] = entries.Answered(aws.ToString(failed[i].Code), aws.ToString(failed[i].Message), refusesMessage)
		}
	}
	return out
}
