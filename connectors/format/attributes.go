package format

import (
	"strconv"

	"carillon/pipeline"
)

// attributes returns what the router knows of e, and nothing that is empty: SQS and SNS refuse an empty attribute.
func attributes(e *pipeline.Event) []Attribute {
	out := make([]Attribute, 0, 10)
	add := func(name, value string) {
		if value != "" {
			out = append(out, Attribute{name, value})
		}
	}
	add("carillon-id", e.ID.String())
	add("carillon-key", printable(e.Key))
	add("carillon-kind", printable(e.Kind))
	if !e.Time.IsZero() {
		add("carillon-time", strconv.FormatInt(e.Time.UnixMilli(), 10))
	}
	add("carillon-source", printable(e.Source))
	add("carillon-sequence", strconv.FormatUint(e.Sequence, 10))
	add("carillon-epoch", strconv.FormatUint(e.Epoch, 10))
	if e.IsLate {
		add("carillon-late", strconv.FormatInt(e.Late.Milliseconds(), 10))
	}
	add("carillon-gap", printable(e.Gap))
	if e.Replay {
		add("carillon-replay", "true")
	}
	return out
}
