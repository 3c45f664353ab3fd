// Package chime knows what an Amazon Chime SDK notification is: its outer shapes, the families of events, and for each
// family the fields of identity, key and event time, and the rank of each kind. It is pure: no I/O, no clock, no goroutine,
// nothing remembered between calls. All of it is safe for concurrent use.
//
// # From a body to records
//
// [Read] finds the notifications in a body. It knows the EventBridge envelope, the body that Chime puts into SQS and SNS
// itself (the same without id and resources), the SNS wrapper, a Lambda batch of SQS or SNS records, and an array of any
// of these as EventBridge Pipes sends it; wrappers may be nested. Each notification gets its own verdict: a [Record], a
// [Filtered] or an [Unreadable]. Nothing is dropped: every element of a batch becomes at least one [Item].
//
// # Identity
//
// One event travels over several paths, and each path changes the envelope. So the identity is a hash of what all paths
// carry: see families.go for the fields of each family. Only for families that exist on EventBridge alone, and whose
// detail does not tell two events apart, is the envelope's id the identity. Values are compared by meaning: the order of
// fields, white space and escapes do not matter, a number equals the string of its digits, an absent field equals an
// empty one, and of a repeated name the last one counts.
//
// Nobody documents that the timestamp of one event is the same on all paths. Record.Loose is the identity without it, for
// families that come over several paths, so that near matches can be found.
//
// # What is frozen
//
// Identity, Loose, key and [Partition] are stored in streams. Changing what they return for an event makes copies of it
// unrecognisable across an upgrade: the golden files in testdata are the contract.
//
// # Limits
//
// A JSON text may be 64 levels deep, a batch may have 10,000 elements, and a notification may be wrapped 5 times. Beyond
// that a body, or that element of a batch, is unreadable. JSON must be valid as RFC 8259 has it: UTF-8, nothing after the
// value, no unpaired surrogate.
package chime
