package config

import (
	"fmt"
	"reflect"
	"strconv"
)

// longestQuote is how many characters of a wrong value an error shows.
const longestQuote = 40

// mismatch reports a value that has the wrong shape. Text and numbers where a list or a mapping is wanted are not shown:
// they may be a secret that stands one level too high.
func (d *decoder) mismatch(path, want string, in any) {
	d.add(path, "want "+want+", got "+kind(in))
}

// unfit reports a scalar that cannot be read as what is wanted.
func (d *decoder) unfit(path, want string, s scalar) {
	got := kind(s.value)
	if s.shown {
		switch v := s.value.(type) {
		case string:
			got = quote(v, longestQuote)
		case bool:
			got = strconv.FormatBool(v)
		case int, int64, uint64, float64:
			got = fmt.Sprintf("the number %v", v)
		}
	}
	if len(s.values) > 0 {
		got = "a reference to something else"
	}
	d.add(path, "want "+want+", got "+got)
}

// kind names the shape of a value.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		if v == "" {
			return "empty text"
		}
		return "text"
	case bool:
		return "a boolean"
	}
	return "a number"
}

// showable reports whether an error may quote the text at path: it stands in the file and holds no reference.
func (d *decoder) showable(path string, in any) bool {
	text, ok := in.(string)
	ex, err := d.references.expand(text)
	return ok && err == nil && len(ex.values) == 0 && d.locate(path).variable == ""
}

// hide keeps texts out of the errors of the current part.
func (d *decoder) hide(texts ...string) { d.hidden = append(d.hidden, texts...) }

// hideCanonical hides a decoded value that came from a reference in the form in which Go prints it, such as 1h0m0s.
func (d *decoder) hideCanonical(s scalar, out reflect.Value) {
	if len(s.values) > 0 {
		d.hide(fmt.Sprint(out.Interface()))
	}
}
