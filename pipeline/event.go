package pipeline

import (
	"time"

	"carillon/pipeline/chime"
)

// Notification is one body as a source received it, still in whatever wrapper the path put around it.
type Notification struct {
	// Body is what arrived. The receiver of a Notification may keep it: a source must not change it after Emit was called.
	Body []byte
	// Received is when this process got hold of it. The zero value means now.
	Received time.Time
	// Trace is the identifier the path gave to this delivery (SQS messageId, SNS MessageId, HTTP request id). It is for
	// people who search logs and never part of identity. Empty is allowed.
	Trace string
}

// Event is one Chime event, held once, as sinks receive it.
type Event struct {
	// ID is the identity that every copy of this event shares.
	ID chime.Identity
	// Loose is the identity without the timestamp, 0 where none was stored; see chime.Record. EVENTS has it only while copies
	// may differ in time.
	Loose uint64
	// Key names the meeting (or call, pipeline, connector ...) the event is ordered in: one subject token, at most 64 bytes.
	Key string
	// Kind is what happened, for example "chime:AttendeeJoined".
	Kind string
	// Attendee is the attendee the event is about, without a "#content" suffix. Empty for events of the meeting itself.
	Attendee string
	// Role is what the attendee is, where that is not a person.
	Role Role
	// Time is the event time: when it happened according to AWS.
	Time time.Time
	// Source is the id of the source whose copy came first.
	Source string
	// Received is when that copy reached this router.
	Received time.Time
	// Raw is the RAW sequence of that copy.
	Raw uint64
	// Late is by how much the event missed its place, and IsLate whether it did: an event may be late by 0 ms.
	Late   time.Duration
	IsLate bool
	// First is whether the attendee's state put the event before others of its meeting with the same event time.
	First bool
	// Gap names what was missing when the event was released without its predecessor. Empty: nothing.
	Gap string
	// Arrived is the log time at which the event arrived, if it waited in mode causal, or a window before that at which it left
	// with one that had waited for longer; zero if it did not wait.
	Arrived time.Time
	// Sequence is the position in EVENTS: within a meeting it only grows.
	Sequence uint64
	// Epoch is the fence of the owner that sends the event: a receiver that has seen a higher one may refuse a lower one.
	Epoch uint64
	// Replay is whether the event is history that somebody had sent again: the sink had it before, or was to have it. EVENTS does not
	// hold it.
	Replay bool
	// Body is the notification as received, without its wrapper. It must not be changed.
	Body []byte
}

// Role is what an attendee is.
type Role string

const (
	// RolePerson is an attendee that somebody added.
	RolePerson Role = ""
	// RoleService is an attendee that joins without having been added: a media pipeline.
	RoleService Role = "service"
	// RoleContent is the second attendee by which some clients see a content share; the notification names it with the suffix
	// "#content".
	RoleContent Role = "content"
)
