package connectortest

import (
	"testing"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// FaultDriver is a far side that Faults disturbs, and the way to build sinks for it. Its functions are called from one
// goroutine at a time, while Writes are running. Proxy and Server have methods that fit.
type FaultDriver struct {
	// Open returns a new sink for the far side, as a factory's New does. It is called again after the sink before was closed.
	// Give the sink short time limits: a retry that waits for seconds makes the test wait for seconds.
	Open func() pipeline.Sink
	// Accepted returns the identities of what the far side has, repeats included, in the order in which it took them. It is
	// called once, at the end, when no sink is open and nothing is wrong.
	Accepted func() []chime.Identity
	// Cut breaks every connection and lets none be made until mend is called.
	Cut func() (mend func())
	// Errors makes the given share of calls fail, at random, until end is called: by an answer that says "not now", by a
	// broken connection before the far side took what was sent, and by one after. Nothing is refused for good.
	Errors func(share float64) (end func())
	// Delay makes the far side answer late, each time by another time up to the one given, until end is called.
	Delay func(most time.Duration) (end func())
	// Restart stops the far side and starts it again, with all that it had accepted, and returns when it serves.
	Restart func()
	// Once says that the far side keeps an event once, whatever happens: then any repeat is a failure. Otherwise an event may
	// be repeated while something is wrong.
	Once bool
	// Secrets are texts that must not be in any error: credentials, what the far side answered.
	Secrets []string
	// Waived names what the far side cannot be made to do, with the reason. With Order, what the far side has of a meeting need
	// not be in order.
	Waived map[Ability]string
}

func (d *FaultDriver) can(a Ability) bool {
	switch a { //nolint:exhaustive // the others are not of this suite
	case Cut:
		return d.Cut != nil
	case Errors:
		return d.Errors != nil
	case Delay:
		return d.Delay != nil
	case Restart:
		return d.Restart != nil
	}
	return true
}

// FaultOptions say how hard the far side is tried. The zero value is what every sink has to pass.
type FaultOptions struct {
	// Events is how many are delivered. Default 1,000; with the build tag integration 10,000.
	Events int
	// Meetings is how many of them the events are of. Default 50; with the build tag integration 500.
	Meetings int
	// InFlight is how many Writes run at once. Default 64, and 8 for a sink that batches.
	InFlight int
	// Rounds is how often each fault is made. Default 2.
	Rounds int
	// Cut is how long a cut lasts at least. Default 200ms.
	Cut time.Duration
	// Late is by how much an answer may be late. Default 50ms.
	Late time.Duration
	// Share is how many of the calls fail while errors are made. Default 0.2.
	Share float64
	// Patience is how long nothing may be accepted although nothing is wrong. Default 30s.
	Patience time.Duration
}

func (o FaultOptions) withDefaults() FaultOptions {
	orElse(&o.Events, defaultFaultEvents)
	orElse(&o.Meetings, defaultFaultMeetings)
	orElse(&o.Rounds, 2)
	orElse(&o.Cut, 200*time.Millisecond)
	orElse(&o.Late, 50*time.Millisecond)
	orElse(&o.Share, 0.2)
	orElse(&o.Patience, 30*time.Second)
	return o
}

func orElse[V comparable](v *V, def V) {
	var zero V
	if *v == zero {
		*v = def
	}
}

// Faults delivers events of many meetings as the stage deliver does, while the far side is cut, answers errors at random,
// answers late and is restarted, and while the router stops and starts again. In the end the far side must have every event,
// each meeting in order, and repeats only where d says that they may be. No fault of these is a reason to give an event up.
//
//	func TestFaults(t *testing.T) {
//		far := newReceiver()                         // an http.Handler that keeps what it accepts
//		server := connectortest.NewServer(t, far)
//		connectortest.Faults(t, connectortest.FaultDriver{
//			Open:     func() pipeline.Sink { return open(t, server.URL()) },
//			Accepted: far.accepted,
//			Cut:      server.Cut, Errors: server.Errors, Delay: server.Delay, Restart: server.Restart,
//		}, connectortest.FaultOptions{})
//	}
func Faults(t *testing.T, d FaultDriver, o FaultOptions) {
	t.Helper()
	disturb(t, d, o.withDefaults())
}

func disturb(t T, d FaultDriver, o FaultOptions) {
	t.Helper()
	for _, a := range []Ability{Cut, Errors, Delay, Restart} {
		permitted(t, a, d.can(a), d.Waived)
	}
	s := newStorm(t, d, o)
	defer s.abandon()
	s.open()
	s.weather()
	s.close()
	s.check()
}
