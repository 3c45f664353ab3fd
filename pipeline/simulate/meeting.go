package simulate

import (
	"slices"
	"strconv"
)

// nobody is the person of a moment that is about no attendee.
const nobody = -1

// moment is one event of a script before it has a timestamp.
type moment struct {
	at       float64 // seconds of life since MeetingStarted
	kind     string
	who      int  // index in script.cast, or nobody
	pipeline bool // about the media pipeline
	rejoin   bool // in the same millisecond as the drop before it
}

func (m moment) sameSubject(o moment) bool { return m.who == o.who && m.pipeline == o.pipeline }

// person is an attendee of a meeting.
type person struct{ id, external string }

// script is the plot of one meeting in seconds of life.
type script struct {
	dice
	id, externalID string
	pipelineID     string
	cast           []person
	length         float64 // seconds
	crowdLeaves    bool    // everybody stays until the last second
	rejoins        bool    // attendees may rejoin within a millisecond
	moments        []moment
}

func newScript(d dice, p Profile) *script {
	return &script{
		dice:        d,
		id:          d.uuid(),
		externalID:  "room-" + d.hex(3),
		pipelineID:  d.uuid(),
		cast:        newCast(d, p.Attendees.Min+d.IntN(p.Attendees.Max-p.Attendees.Min+1)),
		length:      d.between(p.Length.Min.Seconds(), p.Length.Max.Seconds()),
		crowdLeaves: d.chance(0.5),
		rejoins:     p.EqualTimestamps > 0,
	}
}

func newCast(d dice, n int) []person {
	cast := make([]person, n)
	for i := range cast {
		cast[i] = person{id: d.uuid(), external: "user-" + strconv.Itoa(d.IntN(100_000))}
	}
	return cast
}

// play fills in the moments, sorted.
func (s *script) play() {
	s.add(0, meetingStarted, nobody)
	people := len(s.cast)
	for who := range people {
		s.attend(who)
	}
	if s.chance(0.3) {
		s.transcribe()
	}
	piped := s.chance(0.25)
	if piped {
		s.capture()
	}
	end := s.length
	for _, m := range s.moments {
		end = max(end, m.at)
	}
	end += s.between(0.5, 1)
	s.add(end, meetingEnded, nobody)
	if piped {
		s.addPipeline(end+tail, pipelineDeleted)
	}
	slices.SortStableFunc(s.moments, func(a, b moment) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
}

func (s *script) add(at float64, kind string, who int) {
	s.moments = append(s.moments, moment{at: at, kind: kind, who: who})
}

func (s *script) addPipeline(at float64, kind string) {
	s.moments = append(s.moments, moment{at: at, kind: kind, who: nobody, pipeline: true})
}

// transcribe adds a transcription that two times in five breaks off and resumes.
func (s *script) transcribe() {
	from := s.between(5, s.length/3)
	to := s.between(s.length*2/3, s.length-1)
	s.add(from, transcribing, nobody)
	if s.chance(0.4) {
		broken := s.between(from+1, to-3)
		s.add(broken, transcribeBroken, nobody)
		s.add(broken+s.between(0.5, 2), transcribeResumed, nobody)
	}
	s.add(to, transcribeStopped, nobody)
}

// capture adds a media pipeline: it reports that it is in progress once or twice, and joins the meeting as an attendee.
func (s *script) capture() {
	s.cast = append(s.cast, person{id: s.uuid(), external: "aws:MediaPipeline-" + s.hex(8)})
	who := len(s.cast) - 1
	from := s.between(2, s.length/4)
	s.addPipeline(from, pipelineInProgress)
	s.add(from+s.between(0.2, 2), attendeeJoined, who)
	if s.chance(0.6) {
		s.addPipeline(from+s.between(2, 4), pipelineInProgress)
	}
	s.add(s.length+s.between(0, 0.5), attendeeLeft, who)
}
