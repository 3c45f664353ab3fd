package chime

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// canonical returns a form of the valid v that is the same for every spelling of one meaning. It follows RFC 8785 with
// three differences: a number is written as the string of its digits, so that 1 and "1" are the same; of members with one
// name the last counts; and names are sorted by their UTF-8 bytes.
func canonical(v jsontext.Value) []byte {
	dec := jsontext.NewDecoder(bytes.NewBuffer(v), jsontext.AllowDuplicateNames(true))
	return appendCanonical(make([]byte, 0, len(v)), dec)
}

// appendCanonical reads one value. Its depth is bounded by maxDepth, and so is the recursion.
func appendCanonical(dst []byte, dec *jsontext.Decoder) []byte {
	kind := dec.PeekKind()
	if kind == jsontext.KindBeginObject {
		return appendObject(dst, dec)
	}
	if kind == jsontext.KindBeginArray {
		return appendArray(dst, dec)
	}
	v, err := dec.ReadValue()
	if err != nil {
		return dst // not reached: the value is valid.
	}
	if kind == jsontext.KindString || kind == jsontext.KindNumber {
		return appendQuoted(dst, scalar(v))
	}
	return append(dst, v...)
}

func appendQuoted(dst, s []byte) []byte {
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil {
		return dst // not reached: s is valid UTF-8.
	}
	return out
}

func appendArray(dst []byte, dec *jsontext.Decoder) []byte {
	skipToken(dec)
	dst = append(dst, '[')
	for first := true; more(dec, jsontext.KindEndArray); first = false {
		if !first {
			dst = append(dst, ',')
		}
		dst = appendCanonical(dst, dec)
	}
	skipToken(dec)
	return append(dst, ']')
}

type member struct {
	name  string
	value []byte
}

func appendObject(dst []byte, dec *jsontext.Decoder) []byte {
	skipToken(dec)
	var members []member
	for more(dec, jsontext.KindEndObject) {
		name, err := dec.ReadValue()
		if err != nil {
			break // not reached: the object is valid.
		}
		m := member{name: string(unquote(name))}
		m.value = appendCanonical(nil, dec)
		members = append(members, m)
	}
	skipToken(dec)
	slices.SortStableFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return appendMembers(append(dst, '{'), members)
}

func appendMembers(dst []byte, members []member) []byte {
	first := true
	for i, m := range members {
		if i+1 < len(members) && members[i+1].name == m.name {
			continue // a later member of this name wins.
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendQuoted(dst, []byte(m.name)), ':')
		dst = append(dst, m.value...)
	}
	return append(dst, '}')
}

// more reports whether the container that is being read goes on.
func more(dec *jsontext.Decoder, end jsontext.Kind) bool {
	kind := dec.PeekKind()
	return kind != end && kind != jsontext.KindInvalid
}

// skipToken passes a delimiter that PeekKind has seen.
func skipToken(dec *jsontext.Decoder) {
	_, _ = dec.ReadToken()
}

// children yields the members of an object with their names, or the elements of an array with "". v must be valid; of
// anything else nothing comes.
func children(v jsontext.Value) iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		isObject := v.Kind() == jsontext.KindBeginObject
		if !isObject && v.Kind() != jsontext.KindBeginArray {
			return
		}
		dec := jsontext.NewDecoder(bytes.NewBuffer(v), jsontext.AllowDuplicateNames(true))
		skipToken(dec)
		for name := ""; dec.PeekKind() != jsontext.KindEndObject && dec.PeekKind() != jsontext.KindEndArray; {
			value, err := dec.ReadValue()
			if err == nil && isObject {
				name = string(unquote(value))
				value, err = dec.ReadValue()
			}
			if err != nil || !yield(name, value) {
				return
			}
		}
	}
}

// child returns the last member of v with that name, or nil.
func child(v jsontext.Value, name string) jsontext.Value {
	var found jsontext.Value
	for n, value := range children(v) {
		if n == name {
			found = value
		}
	}
	return found
}
