package simulate

import (
	"strconv"
	"strings"
)

// field is a member of a JSON object; its value is JSON already.
type field struct{ name, value string }

// text is a field with a string of printable ASCII.
func text(name, value string) field { return field{name, strconv.Quote(value)} }

const (
	mediaRegion         = "eu-west-2"
	transcriptionRegion = "eu-central-1"
)

// detail lists the fields of e in the order in which they are usually seen.
func (s *script) detail(e *Event, m moment) []field {
	fs := []field{text("version", "0"), text("eventType", e.Kind)}
	if e.Kind == capabilitiesUpdated {
		fs = append(fs, text("success", "1"))
	}
	fs = append(fs, field{"timestamp", strconv.FormatInt(e.Time, 10)}, text("meetingId", s.id))
	if m.who != nobody {
		fs = append(fs, text("attendeeId", e.AttendeeID), text("externalUserId", s.cast[m.who].external))
	}
	if kinds[e.Kind].voip {
		fs = append(fs, text("networkType", "Voip"))
	}
	fs = append(fs, text("externalMeetingId", s.externalID))
	if e.PipelineID != "" {
		fs = append(fs, text("mediaPipelineId", e.PipelineID))
	}
	fs = append(fs, text("mediaRegion", mediaRegion))
	return append(fs, extra(e.Kind)...)
}

// extra lists the fields that only some kinds have.
func extra(kind string) []field {
	switch {
	case kind == capabilitiesUpdated:
		return []field{{"attendeeCapabilities", `{"audio":"SendReceive","video":"Receive","content":"SendReceive"}`}}
	case strings.HasPrefix(kind, "chime:Transcription"):
		fs := []field{
			text("transcriptionRegion", transcriptionRegion),
			text("transcriptionConfiguration", `{"EngineTranscribeSettings":{"LanguageCode":"en-GB"}}`),
		}
		if kind == transcribeBroken {
			fs = append(fs, text("message", "The stream to the engine ended"))
		}
		return fs
	}
	return nil
}

// render appends the object that fields make; spaced writes it with white space.
func render(dst []byte, fields []field, spaced bool) []byte {
	dst = append(dst, '{')
	for i, f := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		if spaced {
			dst = append(dst, "\n  "...)
		}
		dst = strconv.AppendQuote(dst, f.name)
		dst = append(dst, ':')
		if spaced {
			dst = append(dst, ' ')
		}
		dst = append(dst, f.value...)
	}
	if spaced {
		dst = append(dst, '\n')
	}
	return append(dst, '}')
}
