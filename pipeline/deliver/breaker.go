package deliver

import (
	"slices"
	"time"

	"carillon/pipeline"
)

const (
	// tripFailures is how many calls in a row have to fail, and tripMeetings with how many meetings, before that counts as an
	// outage. One meeting that is refused for ever is no outage, however often it is tried (I6).
	tripFailures = 5
	tripMeetings = 3
	// maxProbePause bounds the pause between two probes, whatever retry.max says: a meeting that begins while the breaker is open
	// for others that are refused waits for the next probe.
	maxProbePause = 5 * time.Second
)

// trouble is why a breaker is open.
type trouble int

const (
	// troubleNone: it is closed.
	troubleNone trouble = iota
	// troubleOutage: the far side accepts nothing from anybody.
	troubleOutage
	// troubleRejects: the far side rejects more than it should, which is more often a wrong configuration than wrong events.
	troubleRejects
)

// answer is what the far side said about one event.
type answer struct {
	key   string
	class pipeline.Class // of a failure
	ok    bool
	wait  time.Duration
}

// pass is what may be sent now.
type pass int

const (
	passAll pass = iota
	passProbe
	passNone
)

// breaker decides whether a sink may be sent anything. Closed it lets all pass. It opens in an outage, and when too many of the
// last events were rejected; open it lets one event pass at a time, a probe, with growing pauses, and closes when one is accepted.
// What fails while it is open is held: it costs its meeting neither an attempt nor time, and is no dead letter.
//
// gobreaker, the library of this field, was left out: it has its own clock, tells no meeting from another and so opens for a
// single one, and knows no answer that says "alive, but wrong".
//
// It is pure: no goroutine, no clock, no I/O. It has one user at a time.
type breaker struct {
	pauses  backoff
	guard   guard
	trouble trouble
	since   time.Time // when it opened
	probing bool
	probes  int // that failed in a row
	probeAt time.Time
	lost    time.Duration // how long it was open before
	// failures counts calls in a row of which nothing was accepted, meetings is whose they were, at most tripMeetings.
	failures int
	meetings []string
}

func newBreaker(retry RetryConfig, g GuardConfig, random func() float64) *breaker {
	return &breaker{
		pauses: backoff{retry.Initial, min(retry.Max, max(maxProbePause, retry.Initial)), random},
		guard:  newGuard(g),
	}
}

// pass says what may be sent at now. A probe is taken with begin.
func (b *breaker) pass(now time.Time) pass {
	switch {
	case b.trouble == troubleNone:
		return passAll
	case !b.probing && !now.Before(b.probeAt):
		return passProbe
	}
	return passNone
}

// begin takes the probe that pass allowed, cancel gives it back unsent.
func (b *breaker) begin() { b.probing = true }

func (b *breaker) cancel() { b.probing = false }

// settle takes the answers to one call at now, and returns which of the events that were not accepted are held.
func (b *breaker) settle(now time.Time, probe bool, answers []answer) (held []bool) {
	held = make([]bool, len(answers))
	if probe {
		b.probing = false
		if b.trouble != troubleNone && !b.probed(now, answers) {
			return holdAll(held)
		}
	}
	if b.trouble != troubleNone {
		return holdAll(held) // Sent before it opened: what it says is known.
	}
	b.count(now, answers, held)
	return held
}

// accepted is settle for n events of one call that is no probe and of which all were accepted, as nearly all are.
func (b *breaker) accepted(n int) {
	if b.trouble != troubleNone {
		return
	}
	for range n {
		b.guard.add(false)
	}
	b.failures, b.meetings = 0, nil
}

func holdAll(held []bool) []bool {
	for i := range held {
		held[i] = true
	}
	return held
}

// probed takes the answer to a probe and reports whether the breaker is closed now.
func (b *breaker) probed(now time.Time, answers []answer) bool {
	wait := time.Duration(0)
	for _, a := range answers {
		alive := a.ok || b.trouble == troubleOutage && a.class == pipeline.ClassReject
		if alive {
			b.close(now)
			return true
		}
		wait = max(wait, a.wait)
	}
	b.probes++
	b.plan(now, wait)
	return false
}

// plan sets when the next probe may go: between half and the whole of a bound that doubles with every one that failed.
func (b *breaker) plan(now time.Time, wait time.Duration) {
	bound := b.pauses.bound(b.probes + 1)
	b.probeAt = now.Add(max(wait, bound/2+time.Duration(b.pauses.random()*float64(bound-bound/2))))
}

// count takes answers while the breaker is closed.
func (b *breaker) count(now time.Time, answers []answer, held []bool) {
	alive, failed, wait := false, false, time.Duration(0)
	for i, a := range answers {
		switch {
		case b.trouble != troubleNone:
			held[i] = true
		case a.ok:
			alive = true
			b.guard.add(false)
		case a.class == pipeline.ClassReject:
			alive = true
			if b.guard.add(true) {
				b.open(now, troubleRejects, 0)
			}
		case a.class != pipeline.ClassFatal:
			failed = true
			wait = max(wait, a.wait)
			b.blame(a.key)
		}
	}
	if alive {
		b.failures, b.meetings = 0, nil
		return
	}
	if failed {
		b.failures++
	}
	if b.failures >= tripFailures && len(b.meetings) >= tripMeetings {
		b.open(now, troubleOutage, wait)
	}
}

func (b *breaker) blame(key string) {
	if len(b.meetings) < tripMeetings && !slices.Contains(b.meetings, key) {
		b.meetings = append(b.meetings, key)
	}
}

func (b *breaker) open(now time.Time, t trouble, wait time.Duration) {
	b.trouble, b.since, b.probes = t, now, 0
	b.plan(now, wait)
}

// close lets all pass again, because a probe was accepted or an operator says so.
func (b *breaker) close(now time.Time) {
	if b.trouble == troubleNone {
		return
	}
	b.lost = b.lostAt(now)
	b.trouble, b.failures, b.meetings = troubleNone, 0, nil
	b.guard.reset()
}

// lostAt returns for how long it was open until now.
func (b *breaker) lostAt(now time.Time) time.Duration {
	if b.trouble == troubleNone {
		return b.lost
	}
	return b.lost + max(now.Sub(b.since), 0)
}
