package deliver

import (
	"errors"
	"fmt"
)

// maxGuard bounds how many events a guard looks back.
const maxGuard = 10_000

// GuardConfig says when a sink is held back because it rejects too much.
type GuardConfig struct {
	// Last is how many of the last accepted or rejected events count. 0: no guard. At most 10000.
	Last int `koanf:"last"`
	// Share is the part of them that may be rejected, above 0 and below 1. When more are, nothing is sent any more but one event
	// at a time, until one is accepted or somebody says "carillon sinks resume".
	Share float64 `koanf:"share"`
}

func (c *GuardConfig) validate() error {
	var errs []error
	if c.Last < 0 || c.Last > maxGuard {
		errs = append(errs, fmt.Errorf("guard.last: %d is outside 0 to %d", c.Last, maxGuard))
	}
	if !(c.Share > 0 && c.Share < 1) {
		errs = append(errs, fmt.Errorf("guard.share: %g must be above 0 and below 1, such as 0.5", c.Share))
	}
	return errors.Join(errs...)
}

// guard counts how many of the last events were rejected. It is pure.
type guard struct {
	last     []bool // a ring of what became of the last events: rejected or not
	next     int
	rejected int
	most     int
}

func newGuard(c GuardConfig) guard {
	return guard{last: make([]bool, c.Last), most: int(c.Share * float64(c.Last))}
}

// add counts one event and reports whether too many were rejected. It does not wait until as many were seen as it looks back: a
// wrong URL rejects from the first event on.
func (g *guard) add(rejected bool) bool {
	if len(g.last) == 0 {
		return false
	}
	if g.last[g.next] {
		g.rejected--
	}
	if rejected {
		g.rejected++
	}
	g.last[g.next] = rejected
	g.next = (g.next + 1) % len(g.last)
	return g.rejected > g.most
}

func (g *guard) reset() {
	clear(g.last)
	g.rejected = 0
}
