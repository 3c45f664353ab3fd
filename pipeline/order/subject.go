package order

import "math"

// never is before every event time.
const never = math.MinInt64

// subjectKey names what an event of mode causal is about.
type subjectKey struct {
	attendee string
	part     subjectPart
}

// subjectPart tells the subjects that share a name apart.
type subjectPart uint8

const (
	// partAttendee is an attendee.
	partAttendee subjectPart = iota
	// partContent is the second attendee that a content share is, if its events say so: it joins and leaves by itself.
	partContent
	// partTranscription is the transcription of the meeting.
	partTranscription
	// partMeeting is the meeting itself.
	partMeeting
)

// dial is a state and the event time of what set it last. Something older changes nothing.
type dial struct {
	is stage
	at int64
}

// stage is off, on, or what lies between.
type stage uint8

const (
	off stage = iota
	on
	interrupted
)

// subject is what is known of one attendee, or of the transcription, or of the meeting, and what waits of it.
type subject[P any] struct {
	key subjectKey
	// line is what waits, by event time and row. Only the events of the first time may leave.
	line line[P]
	// left is, for each row, the highest event time that left in order; never when none did.
	left [rowCount]int64
	// told is the same for events that are in EVENTS and wait once more. Nothing that they had to wait for can come anew,
	// unless the configuration has changed.
	told [rowCount]int64
	// missed is, for each rule, the event time of the last event that waited for it in vain.
	missed [ruleCount]int64

	added              bool
	service            bool
	authorized, joined int64
	departed           int64
	presence           dial
	camera             dial
	connection         dial
	video              dial
	transcription      dial

	// present is whether the meeting counts it, awaiting whether it is in the list of those that wait for the start.
	present, awaiting bool
}

func newSubject[P any](key subjectKey) *subject[P] {
	s := &subject[P]{key: key, authorized: never, joined: never, departed: never}
	for i := range s.left {
		s.left[i], s.told[i] = never, never
	}
	for i := range s.missed {
		s.missed[i] = never
	}
	for _, d := range []*dial{&s.presence, &s.camera, &s.connection, &s.video, &s.transcription} {
		d.at = never
	}
	return s
}

// stamp is the event time of a change, and whether it comes late: then it changes only what is older.
type stamp struct {
	at   int64
	late bool
}

func (d *dial) set(is stage, s stamp) {
	if d.at < s.at || d.at == s.at && !s.late {
		d.is, d.at = is, s.at
	}
}

// met reports whether a rule about the subject itself holds.
func (s *subject[P]) met(r rule) bool {
	switch r {
	case ruleAdded:
		return s.added || s.service || s.key.part == partContent
	case ruleJoined:
		return s.presence.is == on
	case ruleDeparted:
		return s.presence.is != on || max(s.authorized, s.departed) > s.joined
	case ruleCameraOn:
		return s.camera.is == on
	case ruleContentJoined:
		return s.connection.is == on
	case ruleContentVideoOn:
		return s.video.is == on
	case ruleTranscribing:
		return s.transcription.is != off
	case ruleInterrupted:
		return s.transcription.is == interrupted
	case ruleStarted, ruleAllDeparted, ruleCount:
	}
	return true
}

// assume makes a rule true as of the stamp: an event that needs it has left, with or without a gap. The change that the event
// itself makes follows.
func (s *subject[P]) assume(r rule, t stamp) {
	switch r {
	case ruleAdded:
		s.added = true
	case ruleJoined:
		s.presence.set(on, t)
	case ruleDeparted:
		s.presence.set(off, t)
	case ruleCameraOn:
		s.camera.set(on, t)
	case ruleContentJoined:
		s.connection.set(on, t)
	case ruleContentVideoOn:
		s.video.set(on, t)
	case ruleTranscribing:
		s.transcription.set(on, t)
	case ruleInterrupted:
		s.transcription.set(interrupted, t)
	case ruleStarted, ruleAllDeparted, ruleCount:
	}
}

// apply makes the change that an event of a row is. A new presence begins with the camera off, a new content share without
// video, whatever was left on before.
func (s *subject[P]) apply(r row, t stamp) {
	switch r {
	case rowAdded:
		s.added = true
	case rowAuthorized:
		s.authorized = max(s.authorized, t.at)
	case rowJoined:
		s.joined = max(s.joined, t.at)
		s.presence.set(on, t)
		s.camera.set(off, stamp{at: t.at, late: true})
	case rowDeparted:
		s.departed = max(s.departed, t.at)
		s.presence.set(off, t)
	case rowVideoStarted:
		s.camera.set(on, t)
	case rowVideoStopped:
		s.camera.set(off, t)
	case rowContentJoined:
		s.connection.set(on, t)
		s.video.set(off, stamp{at: t.at, late: true})
	case rowContentVideoStarted, rowScreenShareStarted:
		s.video.set(on, t)
	case rowContentVideoStopped:
		s.video.set(off, t)
	case rowContentDeparted:
		s.connection.set(off, t)
	case rowTranscriptionStarted, rowTranscriptionResumed:
		s.transcription.set(on, t)
	case rowTranscriptionInterrupted:
		s.transcription.set(interrupted, t)
	case rowTranscriptionStopped, rowTranscriptionFailed:
		s.transcription.set(off, t)
	case rowMeetingStarted, rowCapabilities, rowDeleted, rowMeetingEnded, rowCount:
	}
}
