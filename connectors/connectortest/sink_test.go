package connectortest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// short is long enough for a far side in memory, and bounds what a broken sink costs.
const short = time.Second

func TestSink_HonestSinkPasses(t *testing.T) {
	for name, size := range map[string]int{"single": 1, "batches": 8} {
		t.Run(name, func(t *testing.T) {
			Sink(t, func(*testing.T) SinkDriver {
				far := &farSide{}
				return far.driver(func() pipeline.Sink { return newHonest(far, size) })
			})
		})
	}
}

func TestSink_BrokenSinksAreSeen(t *testing.T) {
	useful := map[string]bool{}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			end := make(chan struct{})
			defer close(end)
			for _, name := range f.seen {
				c := named(t, name)
				far := &farSide{}
				rec := observe(c, far.driver(func() pipeline.Sink {
					b := &broken{honest: newHonest(far, 8)}
					f.apply(b, end)
					return b
				}), short)
				require.Contains(t, strings.Join(rec.failures, "\n"), f.says, "the check %s", name)
				useful[name] = true
			}
		})
	}
	for _, c := range sinkChecks() {
		require.True(t, useful[c.name], "no broken sink fails the check %s: what is it good for?", c.name)
	}
}

func named(t *testing.T, name string) check {
	t.Helper()
	checks := sinkChecks()
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	require.GreaterOrEqual(t, i, 0, "no check is named %s", name)
	return checks[i]
}

func TestSink_WaiversNeedAReasonAndANeed(t *testing.T) {
	run := func(change func(*SinkDriver)) *recorder {
		far := &farSide{}
		d := far.driver(func() pipeline.Sink { return newHonest(far, 8) })
		change(&d)
		return observe(named(t, "refused_event"), d, short)
	}
	waived := run(func(d *SinkDriver) { d.Refuse, d.Waived = nil, map[Ability]string{Refuse: "it takes everything"} })
	require.Empty(t, waived.failures)
	require.Len(t, waived.logs, 1)
	require.Contains(t, waived.logs[0], "it takes everything")

	silent := run(func(d *SinkDriver) { d.Refuse = nil })
	require.Len(t, silent.failures, 1)

	useless := run(func(d *SinkDriver) { d.Waived = map[Ability]string{Refuse: "it takes everything"} })
	require.Len(t, useless.failures, 1)
}
