package order

import "math"

// never is before every event time, always behind; nowhere is behind every place in the log.
const (
	never   = math.MinInt64
	always  = math.MaxInt64
	nowhere = math.MaxUint64
)

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

// dial is a state and what set it last. Something older changes nothing.
type dial struct {
	is stage
	stamp
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

	// begun is whether something of the subject left that needs the start of the meeting.
	begun              bool
	added              bool
	service            bool
	authorized, joined int64
	departed           int64
	// joinedFirst is the earliest of these, authorizedFirst that of the authorizations that came in order, and authorizedAt its
	// place in the log; always and nowhere when there is none.
	joinedFirst, authorizedFirst int64
	authorizedAt                 uint64
	presence                     dial
	camera                       dial
	connection                   dial
	video                        dial
	transcription                dial

	// present is whether the meeting counts it, authorizes what usual was then, awaiting whether it is in the list of those that
	// wait for the start.
	present    bool
	authorizes uint64
	awaiting   bool
}

func newSubject[P any](key subjectKey) *subject[P] {
	s := &subject[P]{
		key: key, authorized: never, joined: never, departed: never, authorizedFirst: always, joinedFirst: always,
		authorizedAt: nowhere, authorizes: nowhere,
	}
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

// stamp is the event time of a change, its row, and whether it comes late: then it changes only what is older, or of the same
// time and late as well but of a lower row. So late events may be told of in any order.
type stamp struct {
	at   int64
	row  row
	late bool
}

func (d *dial) set(is stage, s stamp) {
	if d.at < s.at || d.at == s.at && (!s.late || d.late && d.row < s.row) {
		d.is, d.stamp = is, s
	}
}

// about returns the state that a rule is about and what it is to be; nil when it is about no state of the subject.
func (s *subject[P]) about(r rule) (*dial, stage) {
	switch r {
	case ruleJoined:
		return &s.presence, on
	case ruleDeparted:
		return &s.presence, off
	case ruleCameraOn:
		return &s.camera, on
	case ruleCameraOff:
		return &s.camera, off
	case ruleContentJoined:
		return &s.connection, on
	case ruleContentDeparted:
		return &s.connection, off
	case ruleContentVideoOn:
		return &s.video, on
	case ruleContentVideoOff:
		return &s.video, off
	case ruleTranscribing:
		return &s.transcription, on
	case ruleInterrupted:
		return &s.transcription, interrupted
	case ruleStarted, ruleAdded, ruleAuthorized, ruleAllDeparted, ruleCount:
	}
	return nil, off
}

// met reports whether a rule about the subject itself holds.
func (s *subject[P]) met(r rule) bool {
	switch r { //nolint:exhaustive // all others are about a state and nothing else.
	case ruleAdded:
		return s.added || s.service || s.key.part == partContent
	case ruleAuthorized:
		return s.authorized != never || s.service || s.key.part == partContent
	case ruleDeparted:
		return s.presence.is != on || max(s.authorized, s.departed) > s.joined
	case ruleTranscribing:
		return s.transcription.is != off
	}
	d, want := s.about(r)
	if d == &s.camera && s.anew() {
		return want == off
	}
	return d == nil || d.is == want
}

// anew reports whether a presence has begun that has not switched the camera yet: it begins with the camera off, whatever was
// left on before. Logs have cameras that were switched on between a drop and the join that followed: those stay on.
func (s *subject[P]) anew() bool { return s.joined >= s.departed && s.departed > s.camera.at }

// authorize notes the place in the log of an authorization that came in order.
func (s *subject[P]) authorize(at int64, raw uint64) {
	if at < s.authorizedFirst || at == s.authorizedFirst && raw < s.authorizedAt {
		s.authorizedFirst, s.authorizedAt = at, raw
	}
}

// usual returns where the attendee was authorized if that was before joining first, and else nowhere.
func (s *subject[P]) usual() uint64 {
	if s.authorizedFirst <= s.joinedFirst {
		return s.authorizedAt
	}
	return nowhere
}

// setSince reports whether something that happened at an event time or later has set the state that a rule is about, or that it
// is about none.
func (s *subject[P]) setSince(r rule, at int64) bool {
	d, _ := s.about(r)
	return d == nil || d.at >= at
}

// unset returns those of the rules that are about the subject as a whole, or about a state that nothing as new has set.
func (s *subject[P]) unset(rules ruleSet, at int64) ruleSet {
	left := rules
	rules.each(func(r rule) {
		if d, _ := s.about(r); d != nil && d.at >= at {
			left &^= rulesOf(r)
		}
	})
	return left
}

// assume makes a rule true as of the stamp: an event that needs it has left, with or without a gap. The change that the event
// itself makes follows.
func (s *subject[P]) assume(r rule, t stamp) {
	switch r { //nolint:exhaustive // all others are about a state.
	case ruleStarted:
		s.begun = true
	case ruleAdded:
		s.added = true
	case ruleAuthorized:
		s.authorized = max(s.authorized, t.at)
	}
	if d, want := s.about(r); d != nil {
		d.set(want, t)
	}
}

// apply makes the change that an event of a row is. A new content share begins without video, whatever was left on before.
func (s *subject[P]) apply(r row, t stamp) {
	switch r {
	case rowAdded:
		s.added = true
	case rowAuthorized:
		s.authorized = max(s.authorized, t.at)
	case rowJoined:
		s.joined, s.joinedFirst = max(s.joined, t.at), min(s.joinedFirst, t.at)
		s.presence.set(on, t)
	case rowDeparted:
		s.departed = max(s.departed, t.at)
		s.presence.set(off, t)
	case rowVideoStarted:
		s.camera.set(on, t)
	case rowVideoStopped:
		s.camera.set(off, t)
	case rowContentJoined:
		s.connection.set(on, t)
		s.video.set(off, stamp{at: t.at, row: r, late: true})
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

// endsBehind reports whether, of the rows of a group, the next one that waits after an event time is the given one: what is to
// end with an event of that time ended after it.
func (s *subject[P]) endsBehind(end row, group rowSet, at int64) bool {
	for _, h := range s.line.waiting() {
		if h.entry.Time > at && group.has(row(h.rank)) {
			return row(h.rank) == end
		}
	}
	return false
}
