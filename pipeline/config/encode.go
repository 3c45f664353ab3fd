package config

import (
	"encoding"
	"reflect"
	"strings"
	"time"
)

// encode returns what the fields of a struct hold, the way a user would write it, for koanf to merge the user's values
// over. Secrets, nil pointers and empty lists and maps are left out: decoding leaves them as they are.
func encode(v reflect.Value) map[string]any {
	out := map[string]any{}
	for i, name := range fieldTags(v.Type()) {
		if name == "" {
			continue
		}
		if value, ok := plain(v.Field(i)); ok {
			out[name] = value
		}
	}
	return out
}

func plain(v reflect.Value) (any, bool) {
	switch {
	case v.Type() == secretType:
		return nil, false
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil, false
		}
		return plain(v.Elem())
	case v.Type() == durationType:
		return shortDuration(time.Duration(v.Int())), true
	}
	if m, ok := reflect.TypeAssert[encoding.TextMarshaler](v); ok {
		text, err := m.MarshalText()
		return escape(string(text)), err == nil
	}
	return plainKind(v)
}

func plainKind(v reflect.Value) (any, bool) {
	switch v.Kind() { //nolint:exhaustive // the others cannot stand in a file
	case reflect.String:
		return escape(v.String()), true
	case reflect.Bool:
		return v.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint(), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), true
	case reflect.Struct:
		return encode(v), true
	case reflect.Slice:
		return plainSlice(v)
	case reflect.Map:
		return plainMap(v)
	}
	return nil, false
}

func plainSlice(v reflect.Value) (any, bool) {
	out := make([]any, 0, v.Len())
	for i := range v.Len() {
		if value, ok := plain(v.Index(i)); ok {
			out = append(out, value)
		}
	}
	return out, len(out) > 0 && len(out) == v.Len()
}

func plainMap(v reflect.Value) (any, bool) {
	out := make(map[string]any, v.Len())
	for _, key := range v.MapKeys() {
		if value, ok := plain(v.MapIndex(key)); ok && key.Kind() == reflect.String {
			out[key.String()] = value
		}
	}
	return out, len(out) > 0
}

// escape keeps a default from being read as a reference.
func escape(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// shortDuration drops the zero units that time.Duration prints: 96h rather than 96h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = text[:len(text)-2]
	}
	if strings.HasSuffix(text, "h0m") {
		text = text[:len(text)-2]
	}
	return text
}
