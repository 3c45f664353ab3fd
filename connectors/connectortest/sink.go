package connectortest

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long anything may take that the contract wants to be done soon.
const patience = 5 * time.Second

// T is what the suite needs of *testing.T, so that its failures can be observed.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	FailNow()
}

// check is one requirement on sinks.
type check struct {
	name  string
	needs Ability // empty: nothing
	run   func(*rig)
}

// Sink holds the sinks of a driver to the contract of pipeline.Sink. newDriver is called once for each check.
func Sink(t *testing.T, newDriver func(t *testing.T) SinkDriver) {
	t.Helper()
	for _, c := range sinkChecks() {
		t.Run(c.name, func(t *testing.T) {
			c.on(t, newDriver(t), patience)
		})
	}
}

func sinkChecks() []check {
	return []check{
		{name: "order", run: checkOrder},
		{name: "full_batches", run: checkFullBatches},
		{name: "concurrent_meetings", run: checkConcurrent},
		{name: "repeats", run: checkRepeats},
		{name: "nothing_to_write", run: checkNothing},
		{name: "refused_event", needs: Refuse, run: checkRefused},
		{name: "unreachable", needs: Cut, run: checkCut},
		{name: "context_ended_before", run: checkEnded},
		{name: "context_ends_during", needs: Stall, run: checkCancel},
		{name: "close_unused", run: checkCloseUnused},
		{name: "close_twice", run: checkCloseTwice},
		{name: "close_waits", needs: Stall, run: checkCloseWaits},
		{name: "close_is_bounded", needs: Stall, run: checkCloseBounded},
	}
}

// on runs the check. Whatever it is about, afterwards no error may have told a secret and no goroutine may be left.
func (c check) on(t T, d SinkDriver, patience time.Duration) {
	t.Helper()
	if !d.ready(t, c.needs) {
		return
	}
	before := goleak.IgnoreCurrent()
	r := &rig{T: t, driver: d, patience: patience}
	defer r.abandon()
	r.open()
	c.run(r)
	r.close()
	r.checkErrors()
	if err := goleak.Find(before); err != nil {
		t.Errorf("after Close something is left running: %v", err)
	}
}
