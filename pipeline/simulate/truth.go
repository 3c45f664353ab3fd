package simulate

import (
	"fmt"
	"math"
	"time"
)

// Event is one thing that happened in a meeting. It must not be changed.
type Event struct {
	// Meeting is the number of the meeting in Truth.Meetings.
	Meeting int
	// Index is the place of the event in its meeting, from 0.
	Index int
	// Kind is detail.eventType.
	Kind string
	// MeetingID is never empty.
	MeetingID string
	// AttendeeID is empty for events of the meeting and of a media pipeline.
	AttendeeID string
	// PipelineID is mediaPipelineId; only events of a media pipeline have it.
	PipelineID string
	// Time is detail.timestamp in Unix milliseconds.
	Time int64
	// Detail is the JSON object detail in its usual order of fields, without white space.
	Detail []byte

	fields []field
}

// subject names what the event is about within its meeting: an attendee, a media pipeline, or the meeting itself.
func (e *Event) subject() string { return e.AttendeeID + e.PipelineID }

// Meeting is one meeting of a Truth.
type Meeting struct {
	// ID is its meetingId.
	ID string
	// From and To delimit its events in Truth.Events; To is not part of them.
	From, To int
}

// Truth is what really happened.
type Truth struct {
	// Meetings are in no particular order of time.
	Meetings []Meeting
	// Events holds the events of one meeting after those of another, each meeting in the order in which it happened:
	// timestamps never fall, and where they are equal it is the order that the state of the attendee allows, then that of rank.
	Events []Event
}

// tail is how long after MeetingEnded a media pipeline is deleted, in seconds of life.
const tail = 35

// afterLength is the most that a meeting may run over its length in life: departures, MeetingEnded and the tail.
const afterLength = (tail + 5) * time.Second

// Generate makes the meetings of a profile. It fails only for a profile that Validate refuses.
func Generate(p Profile) (Truth, error) {
	if err := p.Validate(); err != nil {
		return Truth{}, fmt.Errorf("checking the profile: %w", err)
	}
	room := float64(p.Duration) * (1 - p.StartSpread)
	scale := math.Min(1, room/float64(p.Length.Max+afterLength))
	var t Truth
	for m := range p.Meetings {
		d := newDice(p.Seed, streamMeetings+uint64(m))
		start := p.Start.UnixMilli() + int64(d.between(0, p.StartSpread)*float64(p.Duration.Milliseconds()))
		s := newScript(d, p)
		s.play()
		from := len(t.Events)
		t.Events = s.events(t.Events, m, start, scale, p.EqualTimestamps)
		t.Meetings = append(t.Meetings, Meeting{ID: s.id, From: from, To: len(t.Events)})
	}
	return t, nil
}

// events turns the sorted moments of a script into events and appends them to dst.
func (s *script) events(dst []Event, meeting int, start int64, scale, equal float64) []Event {
	clock := stamper{dice: s.dice, equal: equal, now: start - 1}
	for i, m := range s.moments {
		e := Event{
			Meeting:   meeting,
			Index:     i,
			Kind:      m.kind,
			MeetingID: s.id,
			Time:      clock.stamp(m, start+int64(math.Round(m.at*1000*scale))),
		}
		if m.who != nobody {
			e.AttendeeID = s.cast[m.who].id
		}
		if m.pipeline {
			e.PipelineID = s.pipelineID
		}
		e.fields = s.detail(&e, m)
		e.Detail = render(nil, e.fields, false)
		dst = append(dst, e)
	}
	return dst
}

// stamper gives the moments of one meeting their timestamps: each later than the one before, or equal to it where that
// leaves no doubt about their order.
type stamper struct {
	dice
	equal float64
	now   int64
	group []moment // the moments that have the timestamp now
	shut  bool     // the group ends with a rejoin: rank no longer tells where another moment would belong
}

// stamp returns the timestamp of m, which would be at in the absence of its neighbours.
func (c *stamper) stamp(m moment, at int64) int64 {
	if c.equal > 0 && c.joins(m) {
		c.shut = m.rejoin
		c.group = append(c.group, m)
		return c.now
	}
	c.now = max(at, c.now+1)
	c.group, c.shut = append(c.group[:0], m), false
	return c.now
}

// joins decides whether m shares the timestamp of the group.
func (c *stamper) joins(m moment) bool {
	if c.shut || len(c.group) == 0 {
		return false
	}
	if m.rejoin {
		return c.rejoins(m)
	}
	rank := kinds[m.kind].rank
	if !c.chance(c.equal) || rank < kinds[c.group[len(c.group)-1].kind].rank {
		return false
	}
	for _, g := range c.group {
		if g.sameSubject(m) && kinds[g.kind].rank == rank {
			return false
		}
	}
	return true
}

// rejoins says whether m can follow the drop of its attendee within the same millisecond: the drop must be the last of the
// group and the attendee must not have joined in that millisecond before, since two joins would be one event.
func (c *stamper) rejoins(m moment) bool {
	last := c.group[len(c.group)-1]
	if !last.sameSubject(m) || !departure(last.kind) {
		return false
	}
	for _, g := range c.group {
		if g.sameSubject(m) && g.kind == m.kind {
			return false
		}
	}
	return true
}
