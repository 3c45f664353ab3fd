package connectortest

// Ability is something that a check needs the far side to do.
type Ability string

const (
	// Refuse is the ability to refuse an event.
	Refuse Ability = "refuse"
	// Stall is the ability not to answer.
	Stall Ability = "stall"
	// Cut is the ability to be gone.
	Cut Ability = "cut"
	// Errors is the ability to answer errors at random.
	Errors Ability = "answer errors at random"
	// Delay is the ability to answer late.
	Delay Ability = "answer late"
	// Restart is the ability to be stopped and started again.
	Restart Ability = "be restarted"
	// Redeliver is the ability to hand a notification out again that was not acknowledged.
	Redeliver Ability = "redeliver"
	// Parts is the ability to have some notifications of a delivery acknowledged and others not.
	Parts Ability = "be acknowledged in parts"
	// Order is the ability to hand notifications out in the order in which they were put.
	Order Ability = "keep order"
	// Complain is the ability to notice acknowledgements of what is not to be acknowledged any more.
	Complain Ability = "complain"
)

// permitted reports whether a check that needs a can run, where able says that the far side can do it. A missing ability
// without a reason fails t, and so does a reason without a missing ability.
func permitted(t T, a Ability, able bool, waivers map[Ability]string) bool {
	t.Helper()
	reason, waived := waivers[a]
	switch {
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
