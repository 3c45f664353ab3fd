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

func (d *SinkDriver) can(a Ability) bool {
	switch a {
	case Refuse:
		return d.Refuse != nil
	case Stall:
		return d.Stall != nil
	case Cut:
		return d.Cut != nil
	case Errors, Delay, Restart, Redeliver, Parts, Order, Complain:
		return true // of other suites only
	}
	return true
}

// ready reports whether a check that needs a can run.
func (d *SinkDriver) ready(t T, a Ability) bool {
	t.Helper()
	return a == "" || permitted(t, a, d.can(a), d.Waived)
}
