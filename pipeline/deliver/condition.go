package deliver

import (
	"time"

	"carillon/pipeline"
)

// State says in one word how a sink is doing.
type State string

const (
	// StateDelivering means that it is sent what there is.
	StateDelivering State = "delivering"
	// StateOut means that it accepts nothing, and one event at a time is tried.
	StateOut State = "out"
	// StateHeld means that it rejects too much, and one event at a time is tried.
	StateHeld State = "held"
	// StateStopped means that it cannot go on before the next start.
	StateStopped State = "stopped"
)

// Condition is how a sink is doing in this process.
type Condition struct {
	State State
	// Since is when it began; zero for StateDelivering and StateStopped.
	Since time.Time
	// Reason is what it said last; for StateDelivering it is empty unless an event of the last call has to be tried again.
	Reason string
}

// Condition returns how the sink is doing.
func (s *Sink) Condition() Condition {
	if err := s.Err(); err != nil {
		return Condition{State: StateStopped, Reason: err.Error()}
	}
	t, since, last := s.gate.trouble()
	c := Condition{State: StateDelivering, Since: since}
	switch t {
	case troubleNone:
	case troubleOutage:
		c.State = StateOut
	case troubleRejects:
		c.State = StateHeld
	}
	if last != nil {
		c.Reason = last.Error()
	}
	return c
}

// ID returns the sink's id.
func (s *Sink) ID() string { return s.set.ID }

// Wants reports whether the sink is sent e by its kinds, exclude and where.
func (s *Sink) Wants(e *pipeline.Event) bool { return s.judge(e).Sent() }
