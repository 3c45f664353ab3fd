package deliver

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/telemetry"
)

// complainEvery is how often at most a refusal is logged.
const complainEvery = time.Minute

// gate is the breaker of a sink as its partitions share it. It is safe for concurrent use.
type gate struct {
	mu      sync.Mutex
	breaker *breaker
	changed chan struct{} // closed when something else may be sent than before
	last    error         // what was said last that opened it, or keeps it open
	refusal error         // why an event of the last call has to be tried again; nil when none has
	told    time.Time     // when a refusal was logged
	metrics *metrics
	logger  *slog.Logger
}

func newGate(b *breaker, m *metrics, logger *slog.Logger) *gate {
	return &gate{breaker: b, changed: make(chan struct{}), metrics: m, logger: logger}
}

// watch returns a channel that is closed when it is worth to ask again. Get it before asking.
func (g *gate) watch() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changed
}

// pass says what may be sent at now, and when nothing may, when a probe may go; zero while one is with the sink.
func (g *gate) pass(now time.Time) (pass, time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.breaker.pass(now)
	if p == passNone && !g.breaker.probing {
		return p, g.breaker.probeAt
	}
	return p, time.Time{}
}

// begin takes the probe, unless another partition was faster.
func (g *gate) begin(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.breaker.pass(now) != passProbe {
		return false
	}
	g.breaker.begin()
	return true
}

// cancel gives the probe back, because there was nothing to send or nobody to send it.
func (g *gate) cancel() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.breaker.cancel()
}

// settle takes the answers to one call, marks those errors that the meetings are not charged for, and returns for how long the
// sink was held back in all.
func (g *gate) settle(now time.Time, probe bool, items []Item, errs []error) time.Duration {
	if !probe && !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.breaker.accepted(len(items))
		g.refusal = nil
		return g.breaker.lostAt(now)
	}
	answers := make([]answer, len(items))
	for i := range items {
		answers[i] = answer{key: items[i].Key, ok: errs[i] == nil}
		if errs[i] != nil {
			answers[i].class, answers[i].wait = pipeline.Classify(errs[i])
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.breaker.trouble
	held := g.breaker.settle(now, probe, answers)
	g.refusal = nil
	for i, err := range errs {
		if err == nil {
			continue
		}
		if c := answers[i].class; g.refusal == nil && (c == pipeline.ClassRetry || c == pipeline.ClassThrottle) {
			g.refusal = err
		}
		if held[i] {
			errs[i] = heldError{err}
		}
		if g.breaker.trouble != troubleNone && (probe || before == troubleNone) {
			g.last = err
		}
	}
	if probe || before != g.breaker.trouble {
		g.tell(before, probe)
	}
	g.complain(now)
	return g.breaker.lostAt(now)
}

// complain logs a refusal, once in a while: with few meetings it is all that is heard of a sink that is away.
func (g *gate) complain(now time.Time) {
	if g.refusal != nil && g.breaker.trouble == troubleNone && (g.told.IsZero() || now.Sub(g.told) >= complainEvery) {
		g.told = now
		g.logger.Warn("sink did not accept an event, which is tried again", telemetry.Err(g.refusal))
	}
}

// resume lets everything pass again, because an operator says so.
func (g *gate) resume(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.breaker.trouble
	g.breaker.close(now)
	if before != troubleNone {
		g.tell(before, false)
	}
}

// tell wakes the partitions and reports a change.
func (g *gate) tell(before trouble, probe bool) {
	close(g.changed)
	g.changed = make(chan struct{})
	after := g.breaker.trouble
	if probe {
		g.metrics.probes[after == troubleNone].Inc()
	}
	if before == after {
		return
	}
	g.metrics.held[troubleOutage].Set(oneIf(after == troubleOutage))
	g.metrics.held[troubleRejects].Set(oneIf(after == troubleRejects))
	switch after {
	case troubleNone:
		g.logger.Info("sink goes on")
	case troubleOutage:
		g.logger.Warn("sink accepts nothing: one event at a time is tried until one is accepted", telemetry.Err(g.last))
	case troubleRejects:
		g.logger.Error("sink is held back: it rejects too many events, which is more often a wrong configuration than wrong events; "+
			`one event at a time is tried until one is accepted or somebody says "carillon sinks resume"`, telemetry.Err(g.last))
	}
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// trouble returns why the sink is held back, since when, and what it said last. When it is not, that is what it said last of an
// event that has to be tried again.
func (g *gate) trouble() (trouble, time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.breaker.trouble == troubleNone {
		return troubleNone, time.Time{}, g.refusal
	}
	return g.breaker.trouble, g.breaker.since, g.last
}
