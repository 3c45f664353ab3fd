package journal

import "time"

const (
	// stepLimit is by how much the wall clock may run away from the monotonic one between two readings.
	stepLimit = time.Minute
	// agreeing is how many readings in a row must agree before an age is believed again.
	agreeing = 5
)

// ageClock decides whether the wall clock can be believed: ages are differences of wall clock times, and a step of the clock
// must not purge. It is not safe for concurrent use.
type ageClock struct {
	last  time.Time
	agree int
}

// trust takes a reading that carries a monotonic part and reports whether ages may be computed from it.
func (c *ageClock) trust(now time.Time) bool {
	if c.last.IsZero() {
		c.last = now
		return false
	}
	elapsed := now.Sub(c.last)
	step := now.Round(0).Sub(c.last.Round(0)) - elapsed
	c.last = now
	if step.Abs() > stepLimit {
		c.agree = 0
		return false
	}
	c.agree = min(c.agree+1, agreeing)
	return c.agree == agreeing
}
