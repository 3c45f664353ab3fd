// Package format writes an event in the forms that several sinks share. It is pure: no I/O, no clock, no goroutine. All of
// it is safe for concurrent use.
//
// Beside the body every form has the attributes carillon-id, -key, -kind, -time (Unix milliseconds; left out when it is not
// known), -source, -sequence, -epoch, -late (milliseconds; only of a late event), -gap (only where something was missing) and
// -replay (true; only of history that somebody had sent again).
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
//   - replay: true; only in history that somebody had sent again.
//   - event: the notification. Space between its tokens is gone; every string and number is as received, byte for byte.
//
// A body that is no JSON takes another name instead of event: event_text holds it as a string, and event_base64 (RFC 4648
// section 4, padded) when it is not even UTF-8. So a body can always be had back.
//
// # The raw form
//
// The notification as received, without its wrapper, byte for byte.
//
// # The EventBridge form
//
// The members of an EventBridge event in the order in which AWS sends them, whichever path the notification came over. id is
// always the identity, so that it does not depend on which copy came first; where there is no version, source, resources or
// time, these are filled in, time in milliseconds. Members that EventBridge does not name follow resources. Everything is as
// received, detail above all, but for the id and the space between tokens.
//
// # CloudEvents
//
// Version 1.0, in structured and in binary mode:
//
//   - id: the identity.
//   - source: aws.chime, as in the envelope. It does not name the path over which the first copy came, because a subscription
//     must not depend on which path wins.
//   - type: aws.chime. and the kind without its "chime:", colons as dots: aws.chime.AttendeeJoined,
//     aws.chime.voice-connector.STARTED.
//   - subject: the key.
//   - time: when it happened; left out when it is not known.
//   - datacontenttype: application/json. In structured mode the notification is data without the space between its tokens; a
//     body that is no JSON is data_base64 of application/octet-stream.
//   - carillonkey, carillonkind, carillonsource, carillonsequence, carillonepoch, carillonlate, carillongap and
//     carillonreplay: as the attributes above, all of them strings.
package format
