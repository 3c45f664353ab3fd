package format

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon/pipeline"
)

const (
	contentCloudEvent = "application/cloudevents+json"
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

// eventContext returns the attributes of e that CloudEvents itself names, but for datacontenttype and time.
func eventContext(e *pipeline.Event) []Attribute {
	out := append(make([]Attribute, 0, 14), Attribute{"specversion", "1.0"}, Attribute{"id", e.ID.String()},
		Attribute{"source", cloudEventSource}, Attribute{"type", cloudEventType(e.Kind)})
	if subject := strings.TrimSpace(printable(e.Key)); subject != "" {
		out = append(out, Attribute{"subject", subject})
	}
	return out
}

// eventTime appends the attribute time, if it is known and can be written.
func eventTime(out []Attribute, e *pipeline.Event) []Attribute {
	if t := e.Time.UTC(); writable(t) {
		out = append(out, Attribute{"time", t.Format(time.RFC3339Nano)})
	}
	return out
}

// cloudEventAttributes returns the attributes of e in binary mode.
func cloudEventAttributes(e *pipeline.Event) []Attribute {
	return append(eventTime(eventContext(e), e), extensions(e)...)
}

// structured returns e in structured mode, on one line. It is written by hand and read by the SDK in the tests: the SDK's own
// encoder looks methods up by name, so that with it the linker has to keep every method of the whole program, a fifth of the
// binary.
func structured(e *pipeline.Event) []byte {
	attributes, content, data := eventContext(e), contentJSON, []byte(nil)
	switch body, ok := appendCompact([]byte(`,"data":`), e.Body); {
	case ok:
		data = body
	case len(e.Body) > 0:
		content = contentBinary
		data = append(base64.StdEncoding.AppendEncode([]byte(`,"data_base64":"`), e.Body), '"')
	}
	if data != nil {
		attributes = append(attributes, Attribute{"datacontenttype", content})
	}
	more := extensions(e)
	slices.SortFunc(more, func(a, b Attribute) int { return strings.Compare(a.Name, b.Name) })
	out := appendAttributes(make([]byte, 0, len(data)+2*roomForMetadata), eventTime(attributes, e))
	out = appendAttributes(append(out, data...), more)
	out[0] = '{' // in the place of the comma
	return append(out, '}')
}

func appendAttributes(dst []byte, attributes []Attribute) []byte {
	for _, a := range attributes {
		dst = append(appendQuoted(append(dst, ','), a.Name), ':')
		dst = appendQuoted(dst, a.Value)
	}
	return dst
}
