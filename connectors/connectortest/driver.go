package connectortest

import (
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// SinkDriver is a far side that the suite controls, and the way to build sinks for it. A new one is made for every check. Its
// functions are called from one goroutine at a time, while Writes are running.
type SinkDriver struct {
	// Open returns a new sink for the far side, as a factory's New does. It may be called again after the sink before was
	// closed.
	Open func() pipeline.Sink
	// Accepted returns the identities of what the far side accepted, in the order in which it did, over all sinks.
	Accepted func() []chime.Identity
	// Refuse makes the far side refuse, definitely, the events for which refused answers true, until the next call. nil
	// refuses nothing.
	Refuse func(refused func(chime.Identity) bool)
	// Stall makes the far side take calls and not answer them, until Resume is called.
	Stall func() Stalled
	// Cut makes the far side unreachable until mend is called. mend is nil when nothing can mend it.
	Cut func() (mend func())
	// Secrets are texts that must not be in any error: credentials, what the far side answered.
	Secrets []string
	// Waived names what the far side cannot be made to do, with the reason.
	Waived map[Ability]string
}

// Stalled is a far side that does not answer.
type Stalled struct {
	// Entered is closed when the far side holds the first call.
	Entered <-chan struct{}
	// Resume makes the far side answer again. It may be called more than once. What was held and is still waited for is
	// accepted.
	Resume func()
}

// Ability is something that a check needs the far side to do.
type Ability string

const (
	// Refuse is the ability to refuse an event.
	Refuse Ability = "refuse"
	// Stall is the ability not to answer.
	Stall Ability = "stall"
	// Cut is the ability to be gone.
	Cut Ability = "cut"
)

func (d *SinkDriver) can(a Ability) bool {
	switch a {
	case Refuse:
		return d.Refuse != nil
	case Stall:
		return d.Stall != nil
	case Cut:
		return d.Cut != nil
	}
	return true
}

// ready reports whether a check that needs a can run. A missing ability without a reason fails t, and so does a reason
// without a missing ability.
func (d *SinkDriver) ready(t T, a Ability) bool {
	t.Helper()
	if a == "" {
		return true
	}
	reason, waived := d.Waived[a]
	switch able := d.can(a); {
	case able && waived:
		t.Errorf("the waiver for %q is not necessary any more: %s", a, reason)
		return false
	case !able && reason == "":
		t.Errorf("the driver cannot %s and Waived gives no reason", a)
		return false
	case !able:
		t.Logf("not checked, because the far side cannot %s: %s", a, reason)
		return false
	}
	return true
}
