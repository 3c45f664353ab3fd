package chime

import (
	"bytes"
	"strings"
)

// maxName is how many bytes a kind or an attendee may have.
const maxName = 128

// classAttendee keeps the hashes of attendees apart from those of keys.
const classAttendee keyClass = "attendee"

// kind says what happened.
func (e event) kind() string {
	if eventType := text(e.fields[fieldEventType]); len(eventType) > 0 {
		return kindOf(eventType)
	}
	value := text(e.fields[e.family.discriminator])
	switch {
	case len(value) > 0:
	case e.family.fallback != "":
		value = []byte(e.family.fallback)
	default:
		value = slug(e.detailType)
	}
	return kindOf([]byte(e.family.name + ":" + string(value)))
}

// kindOf spells a kind in printable ASCII: any other character, and a space, becomes a hyphen, and what is longer than a
// kind may be is cut. A known kind costs no memory.
func kindOf(b []byte) string {
	if known, ok := kinds[string(b)]; ok {
		return known.name
	}
	if len(b) <= maxName && printable(b) {
		return string(b)
	}
	s := strings.Map(func(c rune) rune {
		if '!' <= c && c <= '~' {
			return c
		}
		return '-'
	}, string(b))
	return s[:min(len(s), maxName)]
}

// printable reports whether b is ASCII without spaces and control characters.
func printable(b []byte) bool {
	for _, c := range b {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}

// slug turns a detail-type into lower-case words joined by hyphens; one without letters and digits is "unnamed".
func slug(detailType []byte) []byte {
	words := bytes.FieldsFunc(bytes.ToLower(detailType), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	if len(words) == 0 {
		return []byte("unnamed")
	}
	return bytes.Join(words, []byte("-"))
}

// aboutAttendee reports whether eventType is a known kind that makes no sense without an attendee.
func aboutAttendee(eventType []byte) bool {
	_, known := kinds[string(eventType)]
	return known && bytes.HasPrefix(eventType, []byte("chime:Attendee"))
}

// attendee is the person behind the attendeeId: a content share has the id of its owner and a suffix.
func (e event) attendee() string {
	if !e.family.hasAttendee {
		return ""
	}
	id := bytes.TrimSuffix(text(e.fields[fieldAttendeeID]), []byte("#content"))
	if len(id) <= maxName && printable(id) {
		return string(id)
	}
	return hashed(classAttendee, id)
}
