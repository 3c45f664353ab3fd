package sequence

import "time"

// logClock tells log time. It is not safe for concurrent use.
type logClock struct {
	// log is the running maximum of store times and of what was confirmed.
	log time.Time
	// read is the monotonic instant at which log was known to have been reached.
	read time.Time
}

// observe takes the store time of a record that is read at the monotonic instant now.
func (c *logClock) observe(stored, now time.Time) {
	if stored.After(c.log) {
		c.log, c.read = stored.Round(0), now
	}
}

// now returns log time as far as records alone carried it.
func (c *logClock) now() time.Time { return c.log }

// carried returns what log time is at the monotonic instant now if nothing was stored since. A record read at an instant was
// stored before it, so the server's clock is at least this far, and whatever it stores later bears at least this time.
func (c *logClock) carried(now time.Time) time.Time { return c.log.Add(now.Sub(c.read)) }

// confirm moves log time to carried(at), after the stream said that nothing unread was stored before the question, which was
// asked at the monotonic instant at.
func (c *logClock) confirm(at time.Time) {
	if t := c.carried(at); t.After(c.log) {
		c.log, c.read = t, at
	}
}

// until returns how long to wait from now until carried time reaches at.
func (c *logClock) until(at, now time.Time) time.Duration { return at.Sub(c.carried(now)) }
