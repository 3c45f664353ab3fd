package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// scalar is a value that is neither a list nor a mapping, with its references resolved.
type scalar struct {
	// value is what YAML made of it.
	value any
	// text is what was written, after the references.
	text string
	// loose says that text may be read as whatever is wanted: it came from a reference or from a variable.
	loose bool
	// shown says that an error may quote it.
	shown bool
	// values are what references gave.
	values []string
}

// scalar reads in as a scalar, or reports why it is none.
func (d *decoder) scalar(path, want string, in any) (scalar, bool) {
	o := d.origins[path]
	s := scalar{value: in, loose: o.variable != "", shown: o.variable == ""}
	switch v := in.(type) {
	case string:
		ex, err := d.references.expand(v)
		if err != nil {
			d.reject(path, err)
			return s, false
		}
		s.value, s.text, s.values = ex.text, ex.text, ex.values
		if len(ex.values) > 0 {
			s.loose, s.shown = true, false
			d.hide(append(ex.values, ex.text)...)
		}
	case int, int64, uint64, float64, bool:
		s.text = fmt.Sprint(v)
		if s.loose {
			s.text = o.raw
		}
	case nil:
		if !s.loose {
			d.add(path, "has no value; want "+want+", or remove the key")
			return s, false
		}
		s.text = o.raw
	default:
		d.mismatch(path, want, in)
		return s, false
	}
	return s, true
}

// reject reports each problem with the references of one text.
func (d *decoder) reject(path string, err error) {
	for _, one := range parts(err) {
		d.add(path, one.Error())
	}
}

// text decodes into what unmarshals itself.
func (d *decoder) text(path string, in any, out reflect.Value) bool {
	want := wantOf(out.Type())
	s, ok := d.scalar(path, want, in)
	if !ok {
		return false
	}
	secret := out.Type() == secretType
	if secret {
		d.secrets[path] = true
		d.hide(s.text)
		s.shown = false
	}
	_, isText := s.value.(string)
	_, isFloat := s.value.(float64)
	_, isBool := s.value.(bool)
	number := !isText && !isFloat && !isBool && out.Type() == sizeType
	if !isText && !s.loose && !number {
		d.unfit(path, want, s)
		return false
	}
	target, ok := reflect.TypeAssert[encoding.TextUnmarshaler](out.Addr())
	if !ok || target.UnmarshalText([]byte(s.text)) != nil {
		d.unfit(path, want, s)
		return false
	}
	d.hideCanonical(s, out)
	return true
}

func wantOf(t reflect.Type) string {
	switch t {
	case sizeType:
		return "a size such as 10GiB"
	case secretType:
		return "text that is not empty (in quotes if it looks like something else)"
	}
	return "text for a " + strings.ToLower(t.Name())
}

func (d *decoder) duration(path string, in any, out reflect.Value) bool {
	const want = "a duration such as 2s"
	s, ok := d.scalar(path, want, in)
	if !ok {
		return false
	}
	_, isText := s.value.(string)
	value, err := time.ParseDuration(strings.TrimSpace(s.text))
	if err != nil || !isText && s.text != "0" {
		d.unfit(path, want, s)
		return false
	}
	out.SetInt(int64(value))
	d.hideCanonical(s, out)
	return true
}

// simple decodes what Go calls a basic kind.
func (d *decoder) simple(path string, in any, out reflect.Value) bool {
	want, set := setter(out)
	if set == nil {
		d.add(path, "this binary cannot set the key from a file")
		return false
	}
	s, ok := d.scalar(path, want, in)
	if !ok {
		return false
	}
	if !set(s) {
		d.unfit(path, want, s)
		return false
	}
	d.hideCanonical(s, out)
	return true
}

// setter returns what a basic kind wants, and what sets it; nil for a kind that cannot stand in a file.
func setter(out reflect.Value) (want string, set func(scalar) bool) {
	switch out.Kind() { //nolint:exhaustive // the others cannot stand in a file
	case reflect.String:
		return "text (in quotes if it looks like something else)", func(s scalar) bool { return setString(out, s) }
	case reflect.Bool:
		return "true or false", func(s scalar) bool { return setBool(out, s) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return wantInt(out.Type()), func(s scalar) bool { return setInt(out, s) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return wantUint(out.Type()), func(s scalar) bool { return setUint(out, s) }
	case reflect.Float32, reflect.Float64:
		return "a number", func(s scalar) bool { return setFloat(out, s) }
	}
	return "", nil
}

func wantInt(t reflect.Type) string {
	if t.Bits() == 64 {
		return "a whole number"
	}
	limit := int64(1) << (t.Bits() - 1)
	return fmt.Sprintf("a whole number from %d to %d", -limit, limit-1)
}

func wantUint(t reflect.Type) string {
	if t.Bits() == 64 {
		return "a whole number that is not negative"
	}
	return fmt.Sprintf("a whole number from 0 to %d", uint64(1)<<t.Bits()-1)
}

func setString(out reflect.Value, s scalar) bool {
	if _, ok := s.value.(string); !ok && !s.loose {
		return false
	}
	out.SetString(s.text)
	return true
}

func setBool(out reflect.Value, s scalar) bool {
	value, ok := s.value.(bool)
	if !ok && s.loose {
		value = s.text == "true"
		ok = value || s.text == "false"
	}
	out.SetBool(ok && value)
	return ok
}

func setInt(out reflect.Value, s scalar) bool {
	if !s.isNumber() {
		return false
	}
	n, err := strconv.ParseInt(s.number(), 10, 64)
	if err != nil || out.OverflowInt(n) {
		return false
	}
	out.SetInt(n)
	return true
}

func setUint(out reflect.Value, s scalar) bool {
	if !s.isNumber() {
		return false
	}
	n, err := strconv.ParseUint(s.number(), 10, 64)
	if err != nil || out.OverflowUint(n) {
		return false
	}
	out.SetUint(n)
	return true
}

func setFloat(out reflect.Value, s scalar) bool {
	if !s.isNumber() {
		return false
	}
	f, err := strconv.ParseFloat(s.number(), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || out.OverflowFloat(f) {
		return false
	}
	out.SetFloat(f)
	return true
}

// isNumber reports whether the value is one or may be read as one.
func (s scalar) isNumber() bool {
	switch s.value.(type) {
	case int, int64, uint64, float64:
		return true
	}
	return s.loose
}

// number returns the digits of a number that YAML has read (0x10 gives 16), or the text.
func (s scalar) number() string {
	switch s.value.(type) {
	case int, int64, uint64, float64:
		return fmt.Sprint(s.value)
	}
	return strings.TrimSpace(s.text)
}
