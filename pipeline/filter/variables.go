package filter

import (
	"encoding/json"

	"github.com/google/cel-go/interpreter"

	"carillon/pipeline"
)

// variables are what an expression may ask for, of one event. It reads the body when it is asked for the first time, and has one
// user.
type variables struct {
	event *pipeline.Event
	read  bool
	body  any
}

// Parent implements interpreter.Activation.
func (*variables) Parent() interpreter.Activation { return nil }

// ResolveName implements interpreter.Activation.
func (v *variables) ResolveName(name string) (any, bool) {
	e := v.event
	switch name {
	case "kind":
		return e.Kind, true
	case "key":
		return e.Key, true
	case "attendee":
		return e.Attendee, true
	case "source":
		return e.Source, true
	case "gap":
		return e.Gap, true
	case "time":
		return e.Time, true
	case "late":
		return e.IsLate, true
	case "body":
		return v.notification(), true
	case "detail":
		return v.detail(), true
	}
	return nil, false
}

// notification returns the body as JSON, nil when it is none.
func (v *variables) notification() any {
	if !v.read {
		v.read = true
		if json.Unmarshal(v.event.Body, &v.body) != nil {
			v.body = nil
		}
	}
	return v.body
}

// detail returns the field detail, an empty mapping where there is none, so that has can be asked about it.
func (v *variables) detail() any {
	if body, ok := v.notification().(map[string]any); ok {
		if detail, ok := body["detail"].(map[string]any); ok {
			return detail
		}
	}
	return map[string]any{}
}
