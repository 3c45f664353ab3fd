package eventbridge

import (
	"cmp"
	"encoding/json"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"carillon/connectors/entries"
	"carillon/connectors/format"
	"carillon/pipeline"
)

// putLimit is what one PutEvents may have.
func putLimit() entries.Limit { return entries.Limit{Entries: 10, Bytes: 1 << 20} }

const (
	// timeSize is what a time counts, whatever it is.
	timeSize = 14
	// noKind stands for the detail-type of an event of which nothing says what it is.
	noKind = "unknown"
)

var errNoDetail = errors.New("the event cannot be read as the envelope that it was written as")

// envelope is what an entry takes over from the envelope of a notification.
type envelope struct {
	DetailType string          `json:"detail-type"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// newEntry returns e as an entry of PutEvents, and its size. An error is of class reject.
func (c *SinkConfig) newEntry(e *pipeline.Event) (entry types.PutEventsRequestEntry, size int, err error) {
	m, err := format.Encode(c.Format, e)
	if err != nil {
		return entry, 0, err
	}
	env := envelope{Detail: m.Body}
	if c.Format == format.EventBridge {
		env = envelope{}
		if err := json.Unmarshal(m.Body, &env); err != nil {
			return entry, 0, pipeline.Reject(errNoDetail) // such as resources that are no list of texts
		}
	}
	for _, a := range m.Attributes {
		env.Resources = append(env.Resources, a.Name+"="+a.Value)
	}
	entry = types.PutEventsRequestEntry{
		EventBusName: &c.Bus, Source: &c.Source, DetailType: aws.String(cmp.Or(env.DetailType, e.Kind, noKind)),
		Detail: aws.String(string(env.Detail)), Resources: env.Resources,
	}
	if !e.Time.IsZero() {
		entry.Time = &e.Time
	}
	size = timeSize + len(c.Source) + len(*entry.DetailType) + len(env.Detail)
	for _, r := range env.Resources {
		size += len(r)
	}
	return entry, size, nil
}

// refusesEvent is the table of answers: whether a code is about the event.
func refusesEvent(code string) bool {
	switch code {
	case "MalformedDetail", "InvalidArgument", "ValidationException", "ValidationError", "RequestEntityTooLarge", "EventTooLarge":
		return true
	}
	return false
}

// answersOf reads the answer to n entries, which has one result for each, in their order.
func answersOf(n int, results []types.PutEventsResultEntry) entries.Answers {
	out := entries.NewAnswers(n)
	for i := range min(n, len(results)) {
		switch {
		case aws.ToString(results[i].ErrorCode) != "":
			out[i] = entries.Answered(*results[i].ErrorCode, aws.ToString(results[i].ErrorMessage), refusesEvent)
		case aws.ToString(results[i].EventId) != "":
			out[i] = nil
		}
	}
	return out
}
