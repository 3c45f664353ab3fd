package sequence

import (
	"context"
	"time"

	"carillon/pipeline/dedupe"
)

// newLedger returns the ledger of a tenure. It notes nothing of former ones: what they watched and EVENTS has, they gave up.
func (s *Sequencer) newLedger() dedupe.Ledger {
	set := s.set.Ledger
	set.Watched, set.Left = s.set.Limits.Watched, s.leftWatch
	return dedupe.NewLedger(set)
}

// leftWatch notes that an event was judged, or given up, before EVENTS had it: when a recovery makes it new again it must not
// be judged again (I2).
func (s *Sequencer) leftWatch(raw uint64) {
	if _, owed := s.owed[raw]; !owed {
		return
	}
	if s.unwatched == nil {
		s.unwatched = make(map[uint64]struct{})
	}
	s.unwatched[raw] = struct{}{}
}

// recognise asks the ledger what a record is, and has a new event watched.
func (t *tenure) recognise(m *meeting, r record) dedupe.Judgement {
	j := t.ledger.See(&m.memory, r.event)
	_, left := t.unwatched[r.event.Raw]
	switch {
	case left:
	case j.Verdict == dedupe.New:
		t.ledger.Watch(&m.memory, r.at, r.event)
	case j.Verdict == dedupe.Reread && t.owed[r.event.Raw]:
		// An append of unknown outcome that was stored after all: the tenure that watched it has not given it up.
		t.set.Metrics.ledger.unjudged.Inc()
	}
	if !t.ledger.Tolerant() {
		r.event.Loose = 0 // EVENTS keeps only what a restart asks for.
	}
	return j
}

// judgeWatched judges the events whose grace is over. While no records come log time goes on with the monotonic clock, if the
// stream confirms that there is nothing to read; it is asked at most once a second, and only when an event waits for it.
func (t *tenure) judgeWatched(ctx context.Context) error {
	now := time.Now()
	if !t.ledger.Waits(t.clock.now()) && t.ledger.Waits(t.clock.carried(now)) && now.Sub(t.asked) >= maxWait {
		if err := t.advance(ctx); err != nil {
			return err
		}
	}
	t.set.Metrics.ledger.found(t.ledger.Due(t.clock.now()), t.set.Ledger.Sources)
	return nil
}

// abandonWatch gives up what is watched at the end of a tenure. What EVENTS does not have will be read and watched again.
func (t *tenure) abandonWatch() {
	settled := func(raw uint64) bool { return !t.owed[raw] }
	t.set.Metrics.ledger.found(t.ledger.Abandon(settled), t.set.Ledger.Sources)
}
