package simulate

import (
	"time"
)

// undelivered is the position of an event that no output brought yet.
const undelivered = -1

// sight is what the score knows of one event of the truth.
type sight struct {
	carried  bool
	pos      int  // place among the first deliveries of its meeting, or undelivered
	overtook bool // its sequence was out of place
	first    Output
}

// Score compares what came out of a sink with the truth. It is not safe for concurrent use. Its cost is linear in the
// outputs, but for a logarithm in the length of a meeting and the square of how many of its events share one timestamp.
type Score struct {
	truth     Truth
	window    time.Duration
	tolerance time.Duration
	byLife    bool

	byIdentity map[identity]int // made with the first body
	sights     []sight          // by index in truth.Events
	delivered  [][]int          // by meeting: events in the order of their first delivery
	sequences  sequences
	keys       keys
	tally      Report // the counts that are known before Report
}

// NewScore expects of a sink what plan carries of t: every event in it once. window is how long the router holds an event,
// and tolerance how much its own clock of holding may differ from the difference of two arrivals; both 0 or more.
func NewScore(t Truth, plan []Delivery, window, tolerance time.Duration) *Score {
	s := &Score{
		truth:     t,
		window:    window,
		tolerance: tolerance,
		sights:    make([]sight, len(t.Events)),
		delivered: make([][]int, len(t.Meetings)),
		sequences: newSequences(len(t.Events)),
		keys:      keys{ofMeeting: map[int]string{}, meetingOf: map[string]int{}},
	}
	for i := range t.Events {
		s.sights[i].pos = undelivered
	}
	s.expect(plan)
	return s
}

func (s *Score) expect(plan []Delivery) {
	s.tally.Notifications = len(plan)
	meetings := map[int]bool{}
	for _, d := range plan {
		switch d.Rubbish {
		case RubbishUnreadable:
			s.tally.ExpectedQuarantined++
		case RubbishCloudTrail:
			s.tally.ExpectedFiltered++
		case RubbishNone:
			if !s.sights[d.Event].carried {
				s.sights[d.Event].carried = true
				s.tally.Events++
				meetings[s.truth.Events[d.Event].Meeting] = true
			}
		}
	}
	s.tally.Meetings = len(meetings)
}

// Add takes the next output, in the order in which the sink accepted them. Outputs of different meetings may come in any
// order among each other. o.Body is not kept.
func (s *Score) Add(o Output) {
	i, ok := s.match(o.Body)
	if !ok {
		s.tally.Unknown++
		return
	}
	s.AddEvent(i, o)
}

// AddEvent is Add for an output that is known to bring an event of the truth, by its index, which a path carried: it does not
// read the body.
func (s *Score) AddEvent(i int, o Output) {
	o.Body = nil
	redelivered, ordered := s.sequences.take(o, i)
	if s.sights[i].pos == undelivered {
		s.deliver(o, i, !ordered)
		return
	}
	if !ordered {
		s.tally.Misordered++
	}
	if redelivered {
		s.tally.Redelivered++
	} else {
		s.tally.Duplicated++
	}
}

// deliver records the first output of event i.
func (s *Score) deliver(o Output, i int, overtook bool) {
	e := &s.truth.Events[i]
	st := &s.sights[i]
	st.pos, st.overtook, st.first = len(s.delivered[e.Meeting]), overtook, o
	s.delivered[e.Meeting] = append(s.delivered[e.Meeting], i)
	s.tally.Delivered++
	if !s.labelled(o, e) {
		s.tally.Mislabelled++
	}
}

// match finds the event of the truth that body carries; an event that no path carried cannot have come out.
func (s *Score) match(body []byte) (int, bool) {
	id, err := identify(body)
	if err != nil {
		return 0, false
	}
	if s.byIdentity == nil {
		s.byIdentity = make(map[identity]int, len(s.truth.Events))
		for i := range s.truth.Events {
			s.byIdentity[s.truth.Events[i].identity()] = i
		}
	}
	i, ok := s.byIdentity[id]
	return i, ok && s.sights[i].carried
}

// labelled compares what the router says of an event with the truth.
func (s *Score) labelled(o Output, e *Event) bool {
	return (o.Kind == "" || o.Kind == e.Kind) &&
		(o.Attendee == "" || o.Attendee == e.AttendeeID) &&
		(o.TimeMS == 0 || o.TimeMS == e.Time) &&
		s.keys.agree(o.Key, e.Meeting)
}

// keys remembers which key belongs to which meeting.
type keys struct {
	ofMeeting map[int]string
	meetingOf map[string]int
}

// agree says whether key is the only key of meeting and belongs to no other.
func (k keys) agree(key string, meeting int) bool {
	known, seen := k.ofMeeting[meeting]
	owner, taken := k.meetingOf[key]
	if !seen && !taken {
		k.ofMeeting[meeting], k.meetingOf[key] = key, meeting
		return true
	}
	return seen && known == key && taken && owner == meeting
}
