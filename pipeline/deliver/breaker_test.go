package deliver

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
)

// breakerModel is the breaker as its description says, from all that ever happened: no counters, no ring.
type breakerModel struct {
	retry            RetryConfig
	guard            GuardConfig
	jitter           float64
	calls            [][]answer // since it was closed last
	trouble          trouble
	opened           time.Time
	probing          bool
	failed           int // probes
	earliest, latest time.Time
	open             time.Duration
}

// tooManyRejects looks at the last events.
func (m *breakerModel) tooManyRejects(outcomes []bool) bool {
	rejected := 0
	for _, r := range outcomes[max(0, len(outcomes)-m.guard.Last):] {
		if r {
			rejected++
		}
	}
	return m.guard.Last > 0 && float64(rejected) > m.guard.Share*float64(m.guard.Last)
}

// outcomes lists what became of the events that were accepted or rejected.
func (m *breakerModel) outcomes() (out []bool) {
	for _, call := range m.calls {
		for _, a := range call {
			if a.ok || a.class == pipeline.ClassReject {
				out = append(out, !a.ok)
			}
		}
	}
	return out
}

// outage looks at the calls since somebody heard anything else than "later".
func (m *breakerModel) outage() bool {
	calls, keys := 0, map[string]bool{}
	for _, call := range slices.Backward(m.calls) {
		failed := false
		for _, a := range call {
			if a.ok || a.class == pipeline.ClassReject {
				return calls >= tripFailures && len(keys) >= tripMeetings
			}
			if a.class != pipeline.ClassFatal {
				failed = true
				keys[a.key] = true
			}
		}
		if failed {
			calls++
		}
	}
	return calls >= tripFailures && len(keys) >= tripMeetings
}

func (m *breakerModel) plan(now time.Time, wait time.Duration) {
	bound := m.retry.Initial
	for range m.failed {
		bound = min(2*bound, m.retry.Max, max(maxProbePause, m.retry.Initial))
	}
	m.earliest, m.latest = now.Add(max(wait, bound/2)), now.Add(max(wait, bound))
}

func (m *breakerModel) settle(now time.Time, probe bool, answers []answer) (held []bool) {
	held = make([]bool, len(answers))
	if probe {
		m.probing = false
	}
	if m.trouble != troubleNone {
		alive := false
		for _, a := range answers {
			alive = alive || a.ok || a.class == pipeline.ClassReject && m.trouble == troubleOutage
		}
		if !probe || !alive {
			for i := range held {
				held[i] = true
			}
			if probe {
				m.failed++
				m.plan(now, answers[0].wait)
			}
			return held
		}
		m.shut(now)
	}
	for i, a := range answers {
		if m.trouble != troubleNone {
			held[i] = true
			continue
		}
		one := append(m.outcomes(), outcomesOf(answers[:i+1])...)
		if !a.ok && a.class == pipeline.ClassReject && m.tooManyRejects(one) {
			m.trip(now, troubleRejects, 0)
		}
	}
	m.calls = append(m.calls, answers)
	if m.trouble == troubleNone && m.outage() {
		wait := time.Duration(0)
		for _, a := range answers {
			wait = max(wait, a.wait)
		}
		m.trip(now, troubleOutage, wait)
	}
	return held
}

func outcomesOf(answers []answer) (out []bool) {
	return (&breakerModel{calls: [][]answer{answers}}).outcomes()
}

func (m *breakerModel) trip(now time.Time, t trouble, wait time.Duration) {
	m.trouble, m.opened, m.failed = t, now, 0
	m.plan(now, wait)
}

func (m *breakerModel) shut(now time.Time) {
	if m.trouble != troubleNone {
		m.open += now.Sub(m.opened)
		m.trouble, m.calls = troubleNone, nil
	}
}

func drawAnswer(t *rapid.T, bad int) answer {
	a := answer{key: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key")}
	switch n := rapid.IntRange(0, 9).Draw(t, "answer"); {
	case n >= bad:
		a.ok = true
	case n%3 == 0:
		a.class = pipeline.ClassReject
	case n%3 == 1:
		a.class = pipeline.ClassRetry
	default:
		a.class, a.wait = pipeline.ClassThrottle, time.Duration(rapid.IntRange(0, 500).Draw(t, "wait"))*time.Millisecond
	}
	return a
}

// TestBreakerAgainstModel plays calls of one and of many events, stragglers, probes and an operator, and expects what the model
// says at each step: what may be sent, what is held, for how long it was open. In particular there is never more than one probe.
func TestBreakerAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &breakerModel{
			retry: RetryConfig{Initial: time.Duration(rapid.IntRange(1, 200).Draw(t, "initial")) * time.Millisecond, Max: 300 * time.Millisecond},
			guard: GuardConfig{Last: rapid.SampledFrom([]int{0, 1, 4, 10}).Draw(t, "last"), Share: rapid.SampledFrom([]float64{0.2, 0.5, 0.9}).Draw(t, "share")},
		}
		b := newBreaker(m.retry, m.guard, func() float64 { return m.jitter })
		now := time.Unix(1_700_000_000, 0)
		bad := rapid.IntRange(0, 10).Draw(t, "bad")
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			m.jitter = rapid.Float64Range(0, 0.999).Draw(t, "jitter")
			switch what := rapid.IntRange(0, 11).Draw(t, "what"); {
			case what == 0:
				bad = rapid.IntRange(0, 10).Draw(t, "bad")
			case what == 1:
				b.close(now)
				m.shut(now)
			case what == 2 && b.probing:
				b.cancel()
				m.probing = false
			case what < 5 && b.pass(now) == passProbe:
				b.begin()
				m.probing = true
			case what < 7 && m.probing:
				answers := []answer{drawAnswer(t, bad)}
				require.Equal(t, m.settle(now, true, answers), b.settle(now, true, answers))
			case what < 10:
				answers := make([]answer, rapid.IntRange(1, 4).Draw(t, "events"))
				for i := range answers {
					answers[i] = drawAnswer(t, bad)
				}
				require.Equal(t, m.settle(now, false, answers), b.settle(now, false, answers))
			case what == 10:
				answers := make([]answer, rapid.IntRange(1, 4).Draw(t, "events"))
				for i := range answers {
					answers[i] = answer{key: "a", ok: true}
				}
				m.settle(now, false, answers)
				b.accepted(len(answers))
			default:
				now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "passes")) * time.Millisecond)
			}
			checkBreaker(t, m, b, now)
		}
	})
}

func checkBreaker(t *rapid.T, m *breakerModel, b *breaker, now time.Time) {
	require.Equal(t, m.trouble, b.trouble)
	lost := m.open
	if m.trouble != troubleNone {
		lost += now.Sub(m.opened)
	}
	require.Equal(t, lost, b.lostAt(now))
	switch p := b.pass(now); {
	case m.trouble == troubleNone:
		require.Equal(t, passAll, p)
	case m.probing || now.Before(m.earliest):
		require.Equal(t, passNone, p)
	case !now.Before(m.latest):
		require.Equal(t, passProbe, p)
	}
}

// TestBreakerAndOnePoisonedMeeting refuses one meeting for ever: that is no outage.
func TestBreakerAndOnePoisonedMeeting(t *testing.T) {
	b := newBreaker(DefaultConfig().Retry, DefaultConfig().Guard, func() float64 { return 0 })
	now := time.Unix(1, 0)
	for range 1000 {
		require.Equal(t, []bool{false}, b.settle(now, false, []answer{{key: "bad"}}))
	}
	require.Equal(t, passAll, b.pass(now))
}

// TestGuardBoundsTheDeadLetters has a sink that rejects everything, in batches of any size: no more than the share is let go.
func TestGuardBoundsTheDeadLetters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := GuardConfig{Last: rapid.IntRange(1, 100).Draw(t, "last"), Share: rapid.Float64Range(0.01, 0.99).Draw(t, "share")}
		b := newBreaker(DefaultConfig().Retry, g, func() float64 { return 0 })
		dead := 0
		for range 50 {
			answers := make([]answer, rapid.IntRange(1, 20).Draw(t, "events"))
			for i := range answers {
				answers[i].class = pipeline.ClassReject
			}
			for _, held := range b.settle(time.Unix(1, 0), false, answers) {
				if !held {
					dead++
				}
			}
		}
		require.Equal(t, int(g.Share*float64(g.Last))+1, dead)
		require.Equal(t, troubleRejects, b.trouble)
	})
}
