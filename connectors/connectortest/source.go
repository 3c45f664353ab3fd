package connectortest

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// sourcePatience is how long anything may take that a source has to do: it may pause between its attempts.
const sourcePatience = 20 * time.Second

// sourceCheck is one requirement on sources.
type sourceCheck struct {
	name  string
	needs []Ability
	run   func(*sourceRig)
}

// Source holds the sources of a driver to the contract of pipeline.Source. newDriver is called once for each check.
func Source(t *testing.T, newDriver func(t *testing.T) SourceDriver) {
	t.Helper()
	for _, c := range sourceChecks() {
		t.Run(c.name, func(t *testing.T) {
			c.on(t, func() SourceDriver { return newDriver(t) }, sourcePatience)
		})
	}
}

func sourceChecks() []sourceCheck {
	return []sourceCheck{
		{name: "everything", run: checkEverything},
		{name: "unreadable_bodies", run: checkUnreadable},
		{name: "in_order", needs: []Ability{Order}, run: checkInOrder},
		{name: "acknowledged_once", needs: []Ability{Complain}, run: checkAcknowledgedOnce},
		{name: "stored_before_acknowledged", run: checkStoredFirst},
		{name: "redelivered_while_storing", needs: []Ability{Redeliver}, run: checkRedelivered},
		{name: "refused", needs: []Ability{Redeliver}, run: checkRefusedOnce},
		{name: "refused_for_ever", needs: []Ability{Redeliver}, run: checkRefusedForEver},
		{name: "refused_in_part", needs: []Ability{Redeliver, Parts}, run: checkRefusedInPart},
		{name: "back_pressure", run: checkBackPressure},
		{name: "far_side_gone", needs: []Ability{Cut}, run: checkGone},
		{name: "misplaced", run: checkMisplaced},
		{name: "stop_idle", run: checkStopIdle},
		{name: "stop_waits", run: checkStopWaits},
		{name: "stop_is_bounded", run: checkStopBounded},
	}
}

// on runs the check. Whatever it is about, afterwards neither an error nor a log line may have told a secret, no goroutine
// may be left, and the emitter must have been used as its contract wants.
func (c sourceCheck) on(t T, newDriver func() SourceDriver, patience time.Duration) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	d := newDriver()
	r := newSourceRig(t, &d, patience)
	defer r.abandon()
	if !d.ready(t, c.needs) {
		return
	}
	c.run(r)
	r.stop(patience)
	r.closeFarSide()
	if err := goleak.Find(before); err != nil {
		t.Errorf("after Run something is left running: %v", err)
	}
	r.checkTold()
	r.out.check(t)
}
