package bench

import (
	"math/rand/v2"
)

// burst is how many events of one meeting come one after the other.
const burst = 4

// happening is one event of the traffic.
type happening struct {
	// number counts events from 0; the timestamp is that of the calendar plus as many milliseconds, so each is told by its time.
	number int
	// slot and generation name the meeting: when one ends, the next of its slot begins.
	slot, generation int
	kind             string
	attendee         int // nobody for events of the meeting
}

// nobody is the attendee of an event of the meeting.
const nobody = -1

// calendar makes the events of many meetings that are active at the same time, each with the events of a life in their order.
// Which meeting is next is random. It is not safe for concurrent use.
type calendar struct {
	dice  *rand.Rand
	base  int64 // Unix milliseconds of event 0
	burst int
	steps []int32 // by slot: how many events it had
	next  int
	slot  int
	left  int
}

func newCalendar(meetings int, seed uint64, base int64) *calendar {
	dice := rand.New(rand.NewPCG(seed, uint64(meetings))) //nolint:gosec // traffic must be reproducible; nothing here is secret
	return &calendar{dice: dice, base: base, burst: burst, steps: make([]int32, meetings)}
}

// take returns the next event.
func (c *calendar) take() happening {
	if c.left == 0 {
		c.slot, c.left = c.dice.IntN(len(c.steps)), c.burst
	}
	c.left--
	return c.of(c.slot)
}

// of returns the next event of a slot.
func (c *calendar) of(slot int) happening {
	step, people := int(c.steps[slot]), attendees(slot)
	c.steps[slot]++
	length := 6*people + 2
	h := happening{number: c.next, slot: slot, generation: step / length}
	h.kind, h.attendee = scene(step%length, people)
	c.next++
	return h
}

// attendees is how many people a meeting of a slot has, 2 to 8.
func attendees(slot int) int { return 2 + slot%7 }

// scene returns what happens at a stage of a meeting of so many people: it starts, they come one after the other, switch their
// cameras on and off, leave, and it ends.
func scene(stage, people int) (kind string, attendee int) {
	arrivals := [3]string{"chime:AttendeeAdded", "chime:AttendeeAuthorized", "chime:AttendeeJoined"}
	stage--
	switch {
	case stage < 0:
		return "chime:MeetingStarted", nobody
	case stage < 3*people:
		return arrivals[stage%3], stage / 3
	case stage < 4*people:
		return "chime:AttendeeVideoStarted", stage - 3*people
	case stage < 5*people:
		return "chime:AttendeeVideoStopped", stage - 4*people
	case stage < 6*people:
		return "chime:AttendeeLeft", stage - 5*people
	}
	return "chime:MeetingEnded", nobody
}
