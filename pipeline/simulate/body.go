package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	account       = "111122223333"
	controlRegion = "eu-central-1"
	millisecond   = "2006-01-02T15:04:05.000Z"
)

// writer makes the bodies of one path.
type writer struct {
	dice
	path    Path
	variety float64
}

// body writes the notification of e as the path carries it.
func (w writer) body(e *Event) []byte {
	varied := w.chance(w.variety)
	detail := string(e.Detail)
	if varied {
		detail = string(render(nil, w.shuffled(e.fields), w.chance(0.5)))
	}
	fields := w.envelope(e, detail)
	if varied {
		fields = w.shuffled(fields)
	}
	return render(make([]byte, 0, 512), fields, varied && w.chance(0.5))
}

func (w writer) shuffled(fields []field) []field {
	fields = slices.Clone(fields)
	w.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	return fields
}

// envelope lists the outer fields: without id and resources, and with the milliseconds, on the direct paths.
func (w writer) envelope(e *Event, detail string) []field {
	at := time.UnixMilli(e.Time).UTC()
	if w.path == PathEventBridge {
		return w.busEnvelope(detailType(e), at, detail)
	}
	return []field{
		text("version", "0"),
		text("source", "aws.chime"),
		text("account", account),
		text("region", controlRegion),
		text("detail-type", detailType(e)),
		text("time", at.Format(millisecond)),
		{"detail", detail},
	}
}

// busEnvelope lists the outer fields of EventBridge. Its time has whole seconds, sometimes those after the event.
func (w writer) busEnvelope(kind string, at time.Time, detail string) []field {
	if w.chance(0.2) {
		at = at.Add(time.Second)
	}
	return []field{
		text("version", "0"),
		text("id", w.uuid()),
		text("detail-type", kind),
		text("source", "aws.chime"),
		text("account", account),
		text("time", at.Truncate(time.Second).Format(time.RFC3339)),
		text("region", controlRegion),
		{"resources", "[]"},
		{"detail", detail},
	}
}

func detailType(e *Event) string {
	if strings.HasPrefix(e.Kind, "chime:MediaPipeline") {
		return "Chime Media Pipeline State Change"
	}
	return "Chime Meeting State Change"
}

// unreadable writes body number n that nobody can read. A bus carries only JSON, so there it is what an input transformer
// leaves of an event.
func (w writer) unreadable(n int, at time.Time) []byte {
	transformed := fmt.Sprintf(`{"what":"joined","number":%d,"when":%q}`, n, at.UTC().Format(millisecond))
	if w.path == PathEventBridge {
		return []byte(transformed)
	}
	switch w.IntN(4) {
	case 0:
		return fmt.Appendf(nil, "hello number %d, is this the right queue?", n)
	case 1:
		return fmt.Appendf(nil, `{"version":"0","source":"aws.chime","account":"%s","number":%d,"detail-ty`, account, n)
	case 2:
		return fmt.Appendf(nil, `{"version":"0","source":"aws.chime","detail-type":"Chime Meeting State Change","time":%q,`+
			`"detail":{"version":"0","eventType":"chime:AttendeeJoined","timestamp":%d,"number":%d}}`,
			at.UTC().Format(millisecond), at.UnixMilli(), n)
	}
	return []byte(transformed)
}

// cloudTrail writes record number n of an API call: the same source as the events, and none of them.
func (w writer) cloudTrail(n int, at time.Time) []byte {
	detail := fmt.Sprintf(`{"eventVersion":"1.08","eventTime":%q,"eventSource":"chime.amazonaws.com",`+
		`"eventName":"CreateMeeting","awsRegion":%q,"requestID":"request-%d","eventType":"AwsApiCall"}`,
		at.UTC().Format(time.RFC3339), controlRegion, n)
	return render(nil, w.busEnvelope("AWS API Call via CloudTrail", at.UTC(), detail), false)
}
