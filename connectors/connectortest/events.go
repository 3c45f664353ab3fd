package connectortest

import (
	"encoding/binary"
	"fmt"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// payload is in the body of every event of the suite, and must never be in an error.
const payload = "what-only-the-body-knows"

// events makes the events of a check. Identities and sequences are never used twice by one of it.
type events struct{ made uint64 }

// next returns n events, dealt out to the meetings in turn.
func (s *events) next(n int, meetings ...string) []pipeline.Event {
	out := make([]pipeline.Event, n)
	for i := range out {
		out[i] = s.one(meetings[i%len(meetings)])
	}
	return out
}

func (s *events) one(meeting string) pipeline.Event {
	s.made++
	at := time.UnixMilli(1760000000000 + int64(s.made)) //nolint:gosec // a check makes some thousands
	e := pipeline.Event{
		ID: identity(s.made), Key: meeting, Kind: "chime:AttendeeJoined", Attendee: fmt.Sprintf("attendee-%d", s.made),
		Time: at, Source: "queue", Received: at.Add(time.Second), Raw: s.made, Sequence: s.made, Epoch: 1,
		Body: fmt.Appendf(nil, `{"detail":{"eventType":"chime:AttendeeJoined","externalUserId":"%s-%d"}}`, payload, s.made),
	}
	switch s.made % 5 {
	case 1:
		e.IsLate = true
	case 2:
		e.IsLate, e.Late, e.Gap = true, 1500*time.Millisecond, "chime:MeetingStarted"
	case 3:
		e.Attendee = ""
	}
	return e
}

func identity(n uint64) chime.Identity {
	var id chime.Identity
	binary.BigEndian.PutUint64(id[:], 0x9e3779b97f4a7c15*n) // spread over all bits
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}
