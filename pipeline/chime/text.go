package chime

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// text returns what v says, so that two values have equal texts exactly when they mean the same: a string without its
// quotes and escapes, a number by its digits, an object or array in its canonical form. null and an absent value have
// none. The result may alias v and must not be changed.
func text(v jsontext.Value) []byte {
	if isContainer(v.Kind()) {
		return canonical(v)
	}
	return scalar(v)
}

func isContainer(kind jsontext.Kind) bool {
	return kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray
}

// scalar is text for strings, numbers and booleans, and nothing for all else.
func scalar(v jsontext.Value) []byte {
	kind := v.Kind()
	if kind == jsontext.KindString {
		return unquote(v)
	}
	if kind == jsontext.KindNumber {
		return digits(v)
	}
	if kind == jsontext.KindTrue || kind == jsontext.KindFalse {
		return v
	}
	return nil
}

// unquote returns the content of a valid JSON string. Without escapes it aliases v.
func unquote(v jsontext.Value) []byte {
	if bytes.IndexByte(v, '\\') < 0 {
		return v[1 : len(v)-1 : len(v)-1]
	}
	s, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return v // not reached: the decoder has validated the string.
	}
	return s
}

// digits spells a number as RFC 8785 does, except that an integer keeps all its digits: RFC 8785 would round beyond 2^53
// and so make one event of two.
func digits(v jsontext.Value) []byte {
	if !bytes.ContainsAny(v, ".eE") && string(v) != "-0" {
		return v
	}
	c := v.Clone()
	if err := c.Canonicalize(); err != nil {
		return v // not reached: the decoder has validated the number.
	}
	return c
}
