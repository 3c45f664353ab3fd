package config

import (
	"encoding"
	"maps"
	"reflect"
	"slices"
	"time"

	"carillon/pipeline"
)

//nolint:gochecknoglobals // types to compare with, read only
var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[pipeline.Size]()
	secretType   = reflect.TypeFor[pipeline.Secret]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// decoder writes plain values into structs. A generic decoder would not know where a value stood, so problems could not be
// located, nor that it came from a reference, so it might be shown.
type decoder struct {
	*report
	references references
	// hidden are the texts of the current part that no error may contain.
	hidden []string
	// secrets are the paths of fields of type pipeline.Secret that were set.
	secrets map[string]bool
}

// decode writes in, which stands at path, into out. It returns false when a problem was reported.
func (d *decoder) decode(path string, in any, out reflect.Value) bool {
	if in == nil && d.settled[path] {
		return false
	}
	switch {
	case out.Kind() == reflect.Pointer:
		return d.pointer(path, in, out)
	case out.Addr().Type().Implements(textType):
		return d.text(path, in, out)
	case out.Type() == durationType:
		return d.duration(path, in, out)
	}
	switch out.Kind() { //nolint:exhaustive // the others cannot stand in a file
	case reflect.Struct:
		return d.structure(path, in, out)
	case reflect.Map:
		return d.table(path, in, out)
	case reflect.Slice:
		return d.slice(path, in, out)
	default:
		return d.simple(path, in, out)
	}
}

// pointer makes a new value unless there is one already. null leaves it as it is.
func (d *decoder) pointer(path string, in any, out reflect.Value) bool {
	if in == nil {
		return true
	}
	value := reflect.New(out.Type().Elem())
	if !out.IsNil() {
		value.Elem().Set(out.Elem())
	}
	ok := d.decode(path, in, value.Elem())
	out.Set(value)
	return ok
}

func (d *decoder) structure(path string, in any, out reflect.Value) bool {
	values, ok := d.mapping(path, in)
	if !ok {
		return false
	}
	known := d.unknown(path, values, fieldNames(out.Type()))
	return d.fields(path, values, out) && known
}

// fields writes those of values that out has a field for.
func (d *decoder) fields(path string, values map[string]any, out reflect.Value) bool {
	good := true
	for i, name := range fieldTags(out.Type()) {
		if value, ok := values[name]; ok && name != "" {
			good = d.decode(join(path, name), value, out.Field(i)) && good
		}
	}
	return good
}

// table adds to what the map holds by default.
func (d *decoder) table(path string, in any, out reflect.Value) bool {
	values, ok := d.mapping(path, in)
	if !ok {
		return false
	}
	result := reflect.MakeMapWithSize(out.Type(), len(values)+out.Len())
	for _, key := range out.MapKeys() {
		result.SetMapIndex(key, out.MapIndex(key))
	}
	good := true
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := reflect.New(out.Type().Elem()).Elem()
		good = d.decode(join(path, key), values[key], value) && good
		result.SetMapIndex(reflect.ValueOf(key).Convert(out.Type().Key()), value)
	}
	out.Set(result)
	return good
}

// slice replaces what the slice holds by default.
func (d *decoder) slice(path string, in any, out reflect.Value) bool {
	values, ok := in.([]any)
	if !ok {
		d.mismatch(path, "a list such as [a, b]", in)
		return false
	}
	result := reflect.MakeSlice(out.Type(), len(values), len(values))
	good := true
	for i, value := range values {
		good = d.decode(item(path, i), value, result.Index(i)) && good
	}
	out.Set(result)
	return good
}

// mapping returns in as a mapping; one without a value is empty.
func (d *decoder) mapping(path string, in any) (map[string]any, bool) {
	switch values := in.(type) {
	case nil:
		return map[string]any{}, true
	case map[string]any:
		return values, true
	}
	d.mismatch(path, "a mapping of keys", in)
	return nil, false
}

// unknown reports the keys of values that are none of names, and returns true if there is none.
func (d *decoder) unknown(path string, values map[string]any, names []string) bool {
	good := true
	for key := range values {
		if slices.Contains(names, key) {
			continue
		}
		good = false
		at := join(path, key)
		message, meant := unknownKey(key, names)
		d.addKey(at, message+hint(d.locate(at).variable, at))
		if _, set := values[meant]; meant != "" && !set {
			// What the key was meant for would be reported as missing too.
			d.settled[join(path, meant)] = true
		}
	}
	return good
}

// fieldTags returns the key of each field of a struct, in order; "" for one that cannot be set.
func fieldTags(t reflect.Type) []string {
	tags := make([]string, t.NumField())
	for i := range tags {
		tags[i] = Key(t.Field(i))
	}
	return tags
}

// fieldNames returns the keys that a struct understands.
func fieldNames(t reflect.Type) []string {
	return slices.DeleteFunc(fieldTags(t), func(name string) bool { return name == "" })
}
