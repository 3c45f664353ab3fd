package chime

import (
	"encoding/hex"
	"fmt"
)

// Identity is the 128-bit name that all copies of one event share, whichever path brought them.
type Identity [16]byte

// String returns the identity as 32 lower-case hexadecimal digits.
func (id Identity) String() string { return hex.EncodeToString(id[:]) }

// Append appends what String returns to b.
func (id Identity) Append(b []byte) []byte { return hex.AppendEncode(b, id[:]) }

// ParseIdentity is the inverse of String.
func ParseIdentity(s string) (Identity, error) {
	var id Identity
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("identity %q: want 32 hexadecimal digits", s)
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, fmt.Errorf("identity %q: %w", s, err)
	}
	return id, nil
}

// Record is what the router needs to know of one notification.
type Record struct {
	// ID is the identity.
	ID Identity
	// Loose is what the identity would be if it did not look at the timestamp: events with the same one that happened almost
	// at once may be copies of one event whose paths disagree about the time. Where the identity has no timestamp, different
	// identities have different ones. 0 means that only one path is known to bring such events, or that nobody knows.
	Loose uint64
	// Key is the meeting (or call, pipeline, connector, resource, detail-type): one subject token of 1 to 64 bytes.
	Key string
	// Kind is detail.eventType, or "family:discriminator" for families without one. Printable ASCII, at most 128 bytes.
	Kind string
	// Attendee is detail.attendeeId without a "#content" suffix; empty where there is none. Printable ASCII, at most 128 bytes.
	Attendee string
	// Time is the event time in Unix milliseconds; 0 when the notification carries none, or none that can be believed: an
	// event before 2015, or more than 366 days after it arrived, is a matter of a wrong clock.
	Time int64
}

// Item is one notification found in a body: a body holds several when it is a Lambda-style batch or a Pipes array.
type Item struct {
	// Record is valid when Err is nil.
	Record Record
	// Body is the notification without its wrapper, byte for byte; with an *Unreadable it is the whole element of the batch,
	// or the whole body when there is no batch. It may share memory with what Read was given.
	Body []byte
	// Err is nil, a *Filtered (a notification that is known not to be wanted) or an *Unreadable.
	Err error
}
