// Package format writes an event in the forms that several sinks share. It is pure: no I/O, no clock, no goroutine. All of
// it is safe for concurrent use.
//
// # The JSON form
//
// One object on one line, without a newline at its end:
//
//   - id: the identity, 32 lower-case hexadecimal digits. Copies and repeats of an event share it.
//   - key: the meeting, or whatever else the event is ordered in.
//   - kind: what happened, such as chime:AttendeeJoined.
//   - attendee: whom it is about; left out for events of the meeting itself.
//   - time: when it happened, RFC 3339 in UTC with three digits of milliseconds. Left out when it is not known, or when its
//     year has no four digits, which RFC 3339 cannot write.
//   - source: the id of the source whose copy came first.
//   - received: when that copy arrived, in the form of time.
//   - sequence and epoch: the position in EVENTS and the fence of the sender (I5).
//   - late_ms: by how many milliseconds the event missed its place; only in a late event, where it may be 0.
//   - gap: what was missing when the event was released; left out when nothing was.
//   - event: the notification. Space between its tokens is gone; every string and number is as received, byte for byte.
//
// A body that is no JSON takes another name instead of event: event_text holds it as a string, and event_base64 (RFC 4648
// section 4, padded) when it is not even UTF-8. So a body can always be had back.
package format
