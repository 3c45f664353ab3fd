// Package filter decides which events a sink wants: by patterns of kinds, and by an expression in CEL, the Common Expression
// Language. It is pure: no I/O, no clock, no goroutine. A Filter is safe for concurrent use.
//
// # Expressions
//
// An expression is compiled and type-checked once, and must say true or false. It may use
//
//   - kind, key, attendee, source and gap: text, empty where there is none
//   - time: when it happened, a timestamp
//   - late: whether the event missed its place
//   - detail: the field detail of the notification, an empty mapping where there is none
//   - body: the whole notification
//
// and the functions and macros of CEL's standard library. The notification is read as JSON only when an evaluation gets as far
// as needing it.
//
// An expression that asks for something which the event does not have, such as detail.networkType of a MeetingStarted, cannot
// be true: the event is not wanted. has(detail.networkType) asks first. One that costs too much for an event has decided
// nothing: the event is wanted, because a filter must not lose what it could not judge.
package filter
