package connectortest

import (
	"time"

	"carillon/pipeline"
)

// SourceDriver is a far side that the suite controls, and the way to build sources that take from it. A new one is made for
// every check. Its functions are called from one goroutine at a time, while the source runs.
type SourceDriver struct {
	// Open builds a source for the far side from settings, as a factory's New does. The driver fills in Settings.HTTP where
	// the source needs it, and may replace Settings.Clock. It may be called again after the source before has stopped.
	Open func(pipeline.Settings) (pipeline.Source, error)
	// Misplace builds a source that cannot work, for a queue that does not exist or on a path that is taken. Misplace itself
	// or the source's Start must fail, with an error that contains MisplacedName.
	Misplace      func(pipeline.Settings) (pipeline.Source, error)
	MisplacedName string
	// Put makes the far side have one notification for each body, in that order, whether a source runs or not. A body may be
	// any text of the basic plane without control characters other than tab and newline. It returns once the far side has
	// taken charge of them.
	Put func(bodies ...string)
	// Pending returns the bodies of what the far side has not got acknowledged and would hand out again.
	Pending func() []string
	// Taken returns how many notifications are handed out now and not acknowledged.
	Taken func() int
	// MostTaken is the most that a source as built by Open may hold while nothing is stored.
	MostTaken int
	// Again makes the far side hand out again, soon, what was handed out and not acknowledged, as if its time had passed.
	Again func()
	// Cut makes the far side unreachable until mend is called. It returns once the source has lost its connections.
	Cut func() (mend func())
	// Complaints returns what the far side has to say about how it was used, such as what was acknowledged twice.
	Complaints func() []string
	// Unwrap returns the body that was put from one that was emitted. nil: it is the same.
	Unwrap func(emitted []byte) string
	// Drain is how long the source says it gives what is in hand when it is stopped.
	Drain time.Duration
	// Ordered says that the far side hands out in the order of Put and a source has to keep it.
	Ordered bool
	// Whole says that the far side takes one acknowledgement for several notifications, or hands nothing out after one that is
	// not acknowledged.
	Whole bool
	// Secrets are texts that must be neither in an error nor in a log line.
	Secrets []string
	// Close ends the far side with everything it started. It may be called more than once.
	Close func()
	// Waived names what the far side cannot be made to do, with the reason.
	Waived map[Ability]string
}

func (d *SourceDriver) can(a Ability) bool {
	switch a {
	case Redeliver:
		return d.Again != nil
	case Cut:
		return d.Cut != nil
	case Complain:
		return d.Complaints != nil
	case Order:
		return d.Ordered
	case Parts:
		return !d.Whole
	case Refuse, Stall, Errors, Delay, Restart:
		return true // of sinks only
	}
	return true
}

// ready reports whether a check that needs all of needs can run.
func (d *SourceDriver) ready(t T, needs []Ability) bool {
	t.Helper()
	ok := true
	for _, a := range needs {
		ok = permitted(t, a, d.can(a), d.Waived) && ok
	}
	return ok
}
