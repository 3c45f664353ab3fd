package connectortest

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// course is how a mishap goes.
type course int

const (
	lasts course = iota // until everything is delivered in spite of it
	holds               // nothing can be delivered until it ends
	flash               // it is over when begin returns
)

// mishap is one thing that may go wrong. begin makes it happen and returns what ends it, or nil.
type mishap struct {
	name  string
	how   course
	begin func() (end func())
}

// mishaps returns all that the driver can do, and the one that needs no far side: the router stops and starts again.
func (s *storm) mishaps() []mishap {
	d, o := s.driver, s.options
	all := []mishap{{name: "router restarted", how: flash, begin: func() func() { s.close(); s.open(); return nil }}}
	if d.Cut != nil {
		all = append(all, mishap{name: "cut", how: holds, begin: d.Cut})
	}
	if d.Errors != nil {
		all = append(all, mishap{name: "errors", begin: func() func() { return d.Errors(o.Share) }})
	}
	if d.Delay != nil {
		all = append(all, mishap{name: "late", begin: func() func() { return d.Delay(o.Late) }})
	}
	if d.Restart != nil {
		all = append(all, mishap{name: "restarted", how: flash, begin: func() func() { d.Restart(); return nil }})
	}
	return all
}

// weather lets every mishap happen, in an order of its own for each round, and at last none.
func (s *storm) weather() {
	s.Helper()
	all := s.mishaps()
	each := s.options.Events / (s.options.Rounds*len(all) + 1)
	for range s.options.Rounds {
		rand.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] }) //nolint:gosec // chance, no secret
		for _, m := range all {
			s.phase(m, each)
		}
	}
	s.calm = len(s.sent)
	s.phase(mishap{name: "nothing", begin: func() func() { return nil }}, s.options.Events-s.calm)
}

// phase delivers n events while one thing goes wrong. Some come before, so that there are Writes in flight.
func (s *storm) phase(m mishap, n int) {
	s.Helper()
	began, before, failed := time.Now(), len(s.sent), s.failures()
	lanes := s.some()
	early, rest := n/4, n-n/4
	s.feed(lanes, early)
	s.until(func() bool { return s.settled > before || early == 0 })
	if m.how == flash {
		s.feed(lanes, rest)
		rest = 0
	}
	end := func() {}
	if over := m.begin(); over != nil {
		end = sync.OnceFunc(over)
	}
	defer end()
	s.feed(lanes, rest)
	if m.how == holds {
		s.hold(failed)
		end()
	}
	s.until(func() bool { return s.settled == len(s.sent) })
	s.Logf("%-16s %5d events, %4d Writes failed, %s", m.name, n, s.failures()-failed, time.Since(began).Round(time.Millisecond))
}

// some returns the quarter of the lanes whose turn it is, so that each has several events waiting.
func (s *storm) some() []*stormLane {
	n := max(1, len(s.lanes)/4)
	out := make([]*stormLane, n)
	for i := range out {
		out[i] = s.lanes[(s.turn+i)%len(s.lanes)]
	}
	s.turn += n
	return out
}

func (s *storm) failures() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// hold lets a cut last as long as it must, and longer when no Write has failed by then: a sink may wait for a while by itself.
func (s *storm) hold(failed int) {
	least := time.NewTimer(s.options.Cut)
	defer least.Stop()
	<-least.C
	most := time.NewTimer(5 * s.options.Cut)
	defer most.Stop()
	for s.failures() == failed {
		select {
		case <-s.moved:
		case <-most.C:
			return
		}
	}
}

// until waits for done, which is called with mu held. The test ends when nothing was accepted for too long.
func (s *storm) until(done func() bool) {
	s.Helper()
	patience := time.NewTimer(s.options.Patience)
	defer patience.Stop()
	settled := -1
	for {
		s.mu.Lock()
		finished, wrong, last, now := done(), s.wrong, s.last, s.settled
		s.mu.Unlock()
		if len(wrong) > 0 {
			s.fail("%s", strings.Join(wrong, "\n"))
		}
		if finished {
			return
		}
		if now > settled {
			settled = now
			patience.Reset(s.options.Patience)
		}
		select {
		case <-s.moved:
		case <-patience.C:
			s.fail("nothing was accepted for %s: %d of %d events are; the last error was: %v", s.options.Patience, now, len(s.sent), last)
		}
	}
}
