package format

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable returns text with U+FFFD for what a CloudEvent may not have in a string: control characters, the halves of
// surrogate pairs, code points that stand for nothing, and what is no UTF-8. No key, kind or id has any of these.
func printable(text string) string {
	if plain(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe {
			return utf8.RuneError
		}
		return r // ranging over text has made U+FFFD of what is no UTF-8
	}, text)
}

// plain reports whether text is ASCII that prints, spaces included.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// HeaderValue returns text in a form that a header of any protocol can carry: a byte that is no printable ASCII, and the
// percent sign, is % and two hexadecimal digits. A value with a line break would be refused for ever.
func HeaderValue(text string) string {
	return percent(text, func(c byte) bool { return c < ' ' || c > '~' || c == '%' })
}

// CloudEventHeader returns text as the HTTP and the NATS binding of CloudEvents want a header to be: as HeaderValue does, with
// space and the double quote written that way, too. Kafka takes every text as it is.
func CloudEventHeader(text string) string {
	return percent(text, func(c byte) bool { return c <= ' ' || c > '~' || c == '%' || c == '"' })
}

func percent(text string, escaped func(c byte) bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	from := 0
	for i := range len(text) {
		if c := text[i]; escaped(c) {
			b.WriteString(text[from:i])
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
			from = i + 1
		}
	}
	if from == 0 {
		return text
	}
	b.WriteString(text[from:])
	return b.String()
}
