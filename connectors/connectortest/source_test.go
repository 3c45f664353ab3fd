package connectortest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// brief is long enough for a source in memory, and bounds what a broken one costs.
const brief = time.Second

func TestSource_HonestSourcePasses(t *testing.T) {
	Source(t, func(*testing.T) SourceDriver { return honestDriver() })
}

func honestDriver() SourceDriver {
	box := newMailbox()
	return box.driver(func(set pipeline.Settings, at string) (pipeline.Source, error) { return newPostman(box, set, at), nil })
}

func TestSource_BrokenSourcesAreSeen(t *testing.T) {
	useful := map[string]bool{}
	for _, f := range sourceFaults() {
		t.Run(f.name, func(t *testing.T) {
			end := make(chan struct{})
			defer close(end)
			for _, name := range f.seen {
				rec := observeSource(namedSource(t, name), func() SourceDriver {
					box := newMailbox()
					return box.driver(func(set pipeline.Settings, at string) (pipeline.Source, error) {
						p := newPostman(box, set, at)
						f.apply(p, end)
						return p, nil
					})
				})
				require.Contains(t, strings.Join(rec.failures, "\n"), f.says, "the check %s", name)
				useful[name] = true
			}
		})
	}
	for _, c := range sourceChecks() {
		require.True(t, useful[c.name], "no broken source fails the check %s: what is it good for?", c.name)
	}
}

// observeSource runs c on its own goroutine, because FailNow ends it, and returns what failed.
func observeSource(c sourceCheck, newDriver func() SourceDriver) *recorder {
	rec := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.on(rec, newDriver, brief)
	}()
	<-done
	return rec
}

func namedSource(t *testing.T, name string) sourceCheck {
	t.Helper()
	checks := sourceChecks()
	i := slices.IndexFunc(checks, func(c sourceCheck) bool { return c.name == name })
	require.GreaterOrEqual(t, i, 0, "no check is named %s", name)
	return checks[i]
}

func TestSource_WaiversNeedAReasonAndANeed(t *testing.T) {
	for name, change := range map[string]struct {
		ability Ability
		check   string
		take    func(*SourceDriver)
	}{
		"again":      {Redeliver, "refused", func(d *SourceDriver) { d.Again = nil }},
		"cut":        {Cut, "far_side_gone", func(d *SourceDriver) { d.Cut = nil }},
		"order":      {Order, "in_order", func(d *SourceDriver) { d.Ordered = false }},
		"parts":      {Parts, "refused_in_part", func(d *SourceDriver) { d.Whole = true }},
		"complaints": {Complain, "acknowledged_once", func(d *SourceDriver) { d.Complaints = nil }},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(alter func(*SourceDriver)) *recorder {
				return observeSource(namedSource(t, change.check), func() SourceDriver {
					d := honestDriver()
					alter(&d)
					return d
				})
			}
			waiver := map[Ability]string{change.ability: "it is like that"}
			waived := run(func(d *SourceDriver) { change.take(d); d.Waived = waiver })
			require.Empty(t, waived.failures)
			require.Len(t, waived.logs, 1)
			require.Contains(t, waived.logs[0], "it is like that")
			require.Len(t, run(change.take).failures, 1, "no reason")
			require.Len(t, run(func(d *SourceDriver) { d.Waived = waiver }).failures, 1, "no need")
		})
	}
}
