package sns

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

// publishLimit is what one PublishBatch may have, the attributes of its messages included.
func publishLimit() entries.Limit { return entries.Limit{Entries: 10, Bytes: 256 << 10} }

// newEntry returns e as an entry of PublishBatch, without its Id, and its size. An error is of class reject.
func (c *SinkConfig) newEntry(e *pipeline.Event) (entry types.PublishBatchRequestEntry, size int, err error) {
	m, err := entries.NewMessage(c.Format, e)
	if err != nil {
		return entry, 0, err
	}
	entry = types.PublishBatchRequestEntry{
		Message: &m.Body, MessageAttributes: make(map[string]types.MessageAttributeValue, len(m.Attributes)),
	}
	for _, a := range m.Attributes {
		entry.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: aws.String(entries.DataType), StringValue: &a.Value}
	}
	if c.fifo() {
		entry.MessageGroupId, entry.MessageDeduplicationId = aws.String(entries.Group(e.Key)), aws.String(e.ID.String())
	}
	return entry, m.Size, nil
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

// answersOf reads the answer to a batch whose ids are the places of its entries.
func answersOf(n int, accepted []types.PublishBatchResultEntry, failed []types.BatchResultErrorEntry) entries.Answers {
	out := entries.NewAnswers(n)
	for i := range accepted {
		out.Set(aws.ToString(accepted[i].Id), nil)
	}
	for i := range failed {
		out.Set(aws.ToString(failed[i].Id), entries.Answered(aws.ToString(failed[i].Code), aws.ToString(failed[i].Message), refusesMessage))
	}
	return out
}
