package journal

import "time"

const (
	// stepLimit is by how much the wall clock may run away from the monotonic one before that counts as a step.
	stepLimit = time.Minute
	// maxPatience bounds how long the clocks must have agreed before an age is believed.
	maxPatience = time.Hour
)

// patience is how long the clocks must agree before anything is removed for being older than keep: an eighth of it, so that a
// purge comes at most that much late, and at most an hour.
func patience(keep time.Duration) time.Duration { return min(keep/8, maxPatience) }

// ageClock decides whether the wall clock can be believed: ages are differences of wall clock times, and a step of the clock
// must not purge. It is not safe for concurrent use.
type ageClock struct {
	patience time.Duration
	anchored bool
	offset   time.Duration // of the wall clock against the monotonic one at the anchor
	since    time.Duration // the monotonic time of the anchor
}

// trust takes a reading of both clocks, elapsed being the monotonic one, and reports whether ages may be computed from wall: it
// has kept pace for as long as the patience. Many small steps in one direction count like a large one.
func (c *ageClock) trust(wall time.Time, elapsed time.Duration) bool {
	offset := time.Duration(wall.UnixNano()) - elapsed
	if !c.anchored || (offset-c.offset).Abs() > stepLimit {
		c.anchored, c.offset, c.since = true, offset, elapsed
	}
	return elapsed-c.since >= c.patience
}

// believed returns wall when trust says so, the zero time otherwise.
func (c *ageClock) believed(wall time.Time, elapsed time.Duration) time.Time {
	if !c.trust(wall, elapsed) {
		return time.Time{}
	}
	return wall
}
