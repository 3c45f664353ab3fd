package format

import (
	"fmt"

	"carillon/pipeline"
)

const (
	contentJSON   = "application/json"
	contentBinary = "application/octet-stream"
)

// Attribute is one thing told beside the body: a header, a message attribute, a record header.
type Attribute struct {
	// Name is in lower case: letters, digits and hyphens.
	Name string
	// Value is any text without control characters. What a protocol cannot carry its sink must write otherwise; see
	// HeaderValue and CloudEventHeader.
	Value string
}

// Message is an event in the form in which a protocol carries it.
type Message struct {
	// Body is what to send. It may be the Body of the event and must not be changed.
	Body []byte
	// ContentType is the media type of Body. In binary mode it is the attribute datacontenttype of the CloudEvent as well,
	// which every protocol binding carries as its own content type and not among the others.
	ContentType string
	// Attributes are what the router knows of the event, with names such as carillon-id. Every format has them, at most 10.
	Attributes []Attribute
	// CloudEvent are the attributes of the CloudEvent in binary mode, with their own names: the sink puts the prefix of its
	// protocol binding before them ("ce-" for HTTP and NATS, "ce_" for Kafka). Empty in every other format.
	CloudEvent []Attribute
}

// Encode returns e in format f. The Message shares memory with e. An error is about this event alone and of class reject: its
// body cannot be put into this format. It tells nothing of the body.
func Encode(f Format, e *pipeline.Event) (Message, error) {
	m := Message{Body: e.Body, ContentType: contentJSON, Attributes: attributes(e)}
	var err error
	switch f {
	case JSON:
		m.Body = AppendEvent(make([]byte, 0, len(e.Body)+roomForMetadata), *e)
	case Raw:
	case EventBridge:
		m.Body, err = appendEnvelope(make([]byte, 0, len(e.Body)+roomForMetadata), e)
	case CloudEvents:
		m.ContentType = contentCloudEvent
		m.Body = structured(e)
	case CloudEventsBinary:
		m.CloudEvent = cloudEventAttributes(e)
	default:
		err = fmt.Errorf("format %q is unknown", string(f))
	}
	if err != nil {
		return Message{}, pipeline.Reject(fmt.Errorf("writing the event as %s: %w", f, err))
	}
	return m, nil
}

// roomForMetadata is about what the formats add to a body.
const roomForMetadata = 512

// AppendLine appends e in format f to dst as one line of NDJSON, without its newline, and returns the extended buffer. Errors
// are those of Encode; then dst is returned as it was. In format raw a body that is no JSON stands in an object, under
// event_text or event_base64 as in the JSON form. CloudEventsBinary has no lines.
func AppendLine(dst []byte, f Format, e *pipeline.Event) ([]byte, error) {
	switch f {
	case JSON:
		return AppendEvent(dst, *e), nil
	case Raw:
		return appendLine(dst, e.Body), nil
	case EventBridge, CloudEvents:
		m, err := Encode(f, e)
		return append(dst, m.Body...), err
	case CloudEventsBinary:
	}
	return dst, pipeline.Reject(fmt.Errorf("format %q has no lines", string(f)))
}

// appendLine appends a body alone.
func appendLine(dst, body []byte) []byte {
	if out, ok := appendCompact(dst, body); ok {
		return out
	}
	start := len(dst)
	dst = append(appendBody(dst, body), '}')
	dst[start] = '{' // in the place of the comma
	return dst
}
