package format

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Format is a form in which a sink sends events, as it stands after format: in a configuration.
type Format string

const (
	// JSON is the notification and all that the router knows of it, in one object.
	JSON Format = "json"
	// Raw is the notification as received, without its wrapper, byte for byte.
	Raw Format = "raw"
	// EventBridge is the envelope of an EventBridge event, whichever path the notification came over.
	EventBridge Format = "eventbridge"
	// CloudEvents is a CloudEvent in structured mode.
	CloudEvents Format = "cloudevents"
	// CloudEventsBinary is a CloudEvent in binary mode: the notification as received, with the attributes beside it.
	CloudEventsBinary Format = "cloudevents-binary"
)

// Validate returns an error that lists allowed, the formats that a sink can send, unless f is one of them. The error has no
// key path.
func (f Format) Validate(allowed ...Format) error {
	if slices.Contains(allowed, f) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	choice := strings.Join(names, ", ")
	if last := len(names) - 1; last > 0 {
		choice = strings.Join(names[:last], ", ") + " or " + names[last]
	}
	if f == "" {
		return errors.New("required: " + choice)
	}
	return fmt.Errorf("%q is not %s", string(f), choice)
}
