package format

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"carillon/pipeline"
)

const rfc3339Milli = "2006-01-02T15:04:05.000Z"

// AppendEvent appends the JSON form of e to dst and returns the extended buffer. It allocates nothing for a JSON body
// when dst has room. Text that is not UTF-8 outside the body has its broken bytes replaced by U+FFFD. dst must not
// share memory with e.
func AppendEvent(dst []byte, e pipeline.Event) []byte {
	dst = append(dst, `{"id":"`...)
	dst = hex.AppendEncode(dst, e.ID[:])
	dst = appendQuoted(append(dst, `","key":`...), e.Key)
	dst = appendQuoted(append(dst, `,"kind":`...), e.Kind)
	if e.Attendee != "" {
		dst = appendQuoted(append(dst, `,"attendee":`...), e.Attendee)
	}
	dst = appendTime(dst, `,"time":"`, e.Time)
	dst = appendQuoted(append(dst, `,"source":`...), e.Source)
	dst = appendTime(dst, `,"received":"`, e.Received)
	dst = strconv.AppendUint(append(dst, `,"sequence":`...), e.Sequence, 10)
	dst = strconv.AppendUint(append(dst, `,"epoch":`...), e.Epoch, 10)
	if e.IsLate {
		dst = strconv.AppendInt(append(dst, `,"late_ms":`...), e.Late.Milliseconds(), 10)
	}
	if e.Gap != "" {
		dst = appendQuoted(append(dst, `,"gap":`...), e.Gap)
	}
	if e.Replay {
		dst = append(dst, `,"replay":true`...)
	}
	return append(appendBody(dst, e.Body), '}')
}

func appendQuoted[Text ~[]byte | ~string](dst []byte, text Text) []byte {
	// The only error is that text was not UTF-8, and then what was appended is the documented replacement.
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

func appendTime(dst []byte, name string, t time.Time) []byte {
	t = t.UTC()
	if !writable(t) {
		return dst
	}
	return append(t.AppendFormat(append(dst, name...), rfc3339Milli), '"')
}

// writable reports whether t, in UTC, is known and RFC 3339 can write it.
func writable(t time.Time) bool { return !t.IsZero() && t.Year() >= 0 && t.Year() <= 9999 }

func appendBody(dst, body []byte) []byte {
	if out, ok := appendCompact(append(dst, `,"event":`...), body); ok {
		return out
	}
	if !utf8.Valid(body) {
		dst = append(dst, `,"event_base64":"`...)
		return append(base64.StdEncoding.AppendEncode(dst, body), '"')
	}
	return appendQuoted(append(dst, `,"event_text":`...), body)
}

// appendCompact appends body without the space between its tokens, or nothing and false when it is no JSON.
func appendCompact(dst, body []byte) ([]byte, bool) {
	if !utf8.Valid(body) {
		return dst, false
	}
	// Names that occur twice and escapes of half a surrogate pair are legal JSON: they pass as they are.
	out, err := jsontext.AppendFormat(dst, body, jsontext.PreserveRawStrings(true), jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return dst, false
	}
	return out, true
}
