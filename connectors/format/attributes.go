package format

import (
	"strconv"

	"carillon/pipeline"
)

// attributes returns what the router knows of e.
func attributes(e *pipeline.Event) []Attribute {
	out := make([]Attribute, 0, 9)
	out = append(out, Attribute{"carillon-id", e.ID.String()}, Attribute{"carillon-key", printable(e.Key)},
		Attribute{"carillon-kind", printable(e.Kind)})
	if !e.Time.IsZero() {
		out = append(out, Attribute{"carillon-time", strconv.FormatInt(e.Time.UnixMilli(), 10)})
	}
	out = append(out, Attribute{"carillon-source", printable(e.Source)},
		Attribute{"carillon-sequence", strconv.FormatUint(e.Sequence, 10)},
		Attribute{"carillon-epoch", strconv.FormatUint(e.Epoch, 10)})
	if e.IsLate {
		out = append(out, Attribute{"carillon-late", strconv.FormatInt(e.Late.Milliseconds(), 10)})
	}
	if e.Gap != "" {
		out = append(out, Attribute{"carillon-gap", printable(e.Gap)})
	}
	return out
}
