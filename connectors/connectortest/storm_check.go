package connectortest

import (
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// check compares what the far side has with what was sent.
func (s *storm) check() {
	s.Helper()
	for _, what := range s.wrong {
		s.Errorf("%s", what)
	}
	sent := make(map[chime.Identity]*pipeline.Event, len(s.sent))
	for i := range s.sent {
		sent[s.sent[i].ID] = &s.sent[i]
	}
	times := make(map[chime.Identity]int, len(s.sent))
	last := make(map[string]*pipeline.Event, len(s.lanes))
	unordered := 0
	for _, id := range s.driver.Accepted() {
		e, known := sent[id]
		if !known {
			s.Errorf("the far side has an event %s that was not sent", id)
			return
		}
		if times[id]++; times[id] > 1 {
			continue
		}
		if before := last[e.Key]; before != nil && before.Sequence > e.Sequence {
			unordered++
		}
		last[e.Key] = e
	}
	s.checkOrdered(unordered)
	s.checkTimes(times)
}

func (s *storm) checkOrdered(unordered int) {
	s.Helper()
	if unordered == 0 {
		return
	}
	if reason := s.driver.Waived[Order]; reason != "" {
		s.Logf("%d events came after a later one of their meeting: %s", unordered, reason)
		return
	}
	s.Errorf("%d events came after a later one of their meeting", unordered)
}

// checkTimes looks for what is missing and for repeats where there may be none.
func (s *storm) checkTimes(times map[chime.Identity]int) {
	s.Helper()
	missing, repeated, calm := 0, 0, 0
	for i := range s.sent {
		switch n := times[s.sent[i].ID]; {
		case n == 0:
			missing++
		case n > 1:
			repeated++
			if i >= s.calm && n > s.tries[s.sent[i].ID] {
				calm++
			}
		}
	}
	if missing > 0 {
		s.Errorf("%d of %d events that Write confirmed are missing", missing, len(s.sent))
	}
	switch {
	case s.driver.Once && repeated > 0:
		s.Errorf("%d events are there more than once, and none may be", repeated)
	case calm > 0:
		s.Errorf("%d events are there more than once although nothing was wrong when they were sent", calm)
	}
	s.Logf("%d events of %d meetings in %d Writes, of which %d failed; %d repeated", len(s.sent), len(s.lanes), s.writes, s.failed, repeated)
}
