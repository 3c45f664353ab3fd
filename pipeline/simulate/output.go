package simulate

import (
	"encoding/json"
	"fmt"
	"time"
)

// Output is one event as a sink accepted it.
type Output struct {
	// ID is the identity that the router gave the event, in the form in which identities are compared.
	ID string
	// Kind, Key, Attendee and TimeMS (Unix milliseconds) are what the router says of the event. Kind, Attendee and TimeMS
	// are compared with the truth unless they are empty or 0.
	Kind, Key, Attendee string
	TimeMS              int64
	// Sequence is the position in EVENTS. The scorer needs it.
	Sequence uint64
	// Late says that the router marked the event late, and LateMS by how much.
	Late   bool
	LateMS int64
	// Window is for how long the router held the event at most; 0 when that is the window of the score.
	Window time.Duration
	// Received is when the first copy reached the router, Accepted when the sink took the event.
	Received, Accepted time.Time
	// Body is the notification without wrapper.
	Body []byte
}

// identity is what makes two bodies the same event: only fields that every path carries.
type identity struct {
	kind, meeting, attendee, pipeline string
	time                              int64
}

func (e *Event) identity() identity {
	return identity{kind: e.Kind, meeting: e.MeetingID, attendee: e.AttendeeID, pipeline: e.PipelineID, time: e.Time}
}

// identify reads the identity from a body. It reads the whole body with encoding/json and shares nothing with the router.
func identify(body []byte) (identity, error) {
	var n struct {
		Detail struct {
			EventType       string `json:"eventType"`
			MeetingID       string `json:"meetingId"`
			AttendeeID      string `json:"attendeeId"`
			MediaPipelineID string `json:"mediaPipelineId"`
			Timestamp       int64  `json:"timestamp"`
		} `json:"detail"`
	}
	if err := json.Unmarshal(body, &n); err != nil {
		return identity{}, fmt.Errorf("reading an output: %w", err)
	}
	d := n.Detail
	return identity{
		kind: d.EventType, meeting: d.MeetingID, attendee: d.AttendeeID, pipeline: d.MediaPipelineID,
		time: d.Timestamp,
	}, nil
}
