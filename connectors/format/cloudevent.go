package format

import (
	"strconv"
	"strings"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"carillon/pipeline"
)

const (
	contentCloudEvent = event.ApplicationCloudEventsJSON
	// cloudEventSource does not name the source that brought the event first: which of several paths wins the race must not
	// decide which subscription an event matches.
	cloudEventSource = "aws.chime"
	typePrefix       = "aws.chime."
)

// cloudEventType returns the type of kind: "chime:AttendeeJoined" is aws.chime.AttendeeJoined, "voice-connector:STARTED" is
// aws.chime.voice-connector.STARTED.
func cloudEventType(kind string) string {
	kind = strings.TrimSpace(printable(strings.TrimPrefix(kind, "chime:")))
	if kind == "" {
		return typePrefix + "unknown"
	}
	return typePrefix + strings.ReplaceAll(kind, ":", ".")
}

// extensions returns the extension attributes of e. All of them are strings: an integer of CloudEvents has 31 bits.
func extensions(e *pipeline.Event) []Attribute {
	out := make([]Attribute, 0, 8)
	add := func(name, value string) {
		if value != "" {
			out = append(out, Attribute{name, value})
		}
	}
	add("carillonkey", printable(e.Key))
	add("carillonkind", printable(e.Kind))
	add("carillonsource", printable(e.Source))
	add("carillonsequence", strconv.FormatUint(e.Sequence, 10))
	add("carillonepoch", strconv.FormatUint(e.Epoch, 10))
	if e.IsLate {
		add("carillonlate", strconv.FormatInt(e.Late.Milliseconds(), 10))
	}
	add("carillongap", printable(e.Gap))
	if e.Replay {
		add("carillonreplay", "true")
	}
	return out
}

// eventContext returns the attributes of e that CloudEvents itself names, but for datacontenttype.
func eventContext(e *pipeline.Event) event.EventContextV1 {
	c := event.EventContextV1{ID: e.ID.String(), Source: *types.ParseURIRef(cloudEventSource), Type: cloudEventType(e.Kind)}
	if subject := strings.TrimSpace(printable(e.Key)); subject != "" {
		c.Subject = &subject
	}
	if t := e.Time.UTC(); writable(t) {
		c.Time = &types.Timestamp{Time: t}
	}
	return c
}

// cloudEventAttributes returns the attributes of e in binary mode.
func cloudEventAttributes(e *pipeline.Event) []Attribute {
	c := eventContext(e)
	out := make([]Attribute, 0, 14)
	out = append(out, Attribute{"specversion", event.CloudEventsVersionV1}, Attribute{"id", c.ID},
		Attribute{"source", c.Source.String()}, Attribute{"type", c.Type})
	if c.Subject != nil {
		out = append(out, Attribute{"subject", *c.Subject})
	}
	if c.Time != nil {
		out = append(out, Attribute{"time", c.Time.String()})
	}
	return append(out, extensions(e)...)
}

// structured returns e in structured mode, on one line.
func structured(e *pipeline.Event) ([]byte, error) {
	c := eventContext(e)
	for _, a := range extensions(e) {
		if err := c.SetExtension(a.Name, a.Value); err != nil {
			return nil, err
		}
	}
	ce := event.Event{Context: &c}
	content := contentJSON
	switch body, ok := appendCompact(nil, e.Body); {
	case ok:
		ce.DataEncoded = body
	case len(e.Body) > 0:
		content, ce.DataEncoded, ce.DataBase64 = contentBinary, e.Body, true
	}
	if ce.DataEncoded != nil {
		c.DataContentType = &content
	}
	if err := ce.Validate(); err != nil {
		return nil, err
	}
	return ce.MarshalJSON()
}
