package order_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/order"
)

// TestCausalRecovery cuts a run at random steps. The records are read again from the first one that was not appended: what was
// appended of earlier records is restored when the first record of its meeting is read, late events perhaps behind all others,
// and the rest is read again. What is appended over all lives is what leaves without a cut.
func TestCausalRecovery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := people(t, 0)
		want, _ := run(t, order.New[int](config(order.ModeCausal), unlimited), script)
		var appended []order.Entry[int]
		due := func() bool { return rapid.Bool().Draw(t, "due") }
		aside := rapid.Bool().Draw(t, "late events are kept aside")
		for range rapid.IntRange(0, 3).Draw(t, "cuts") {
			out := causalLife(t, history(appended, aside), script, rapid.IntRange(0, len(script)).Draw(t, "cut"), due)
			appended = append(appended, out[:rapid.IntRange(0, len(out)).Draw(t, "appended")]...)
		}
		b := causalLife(t, history(appended, aside), script, len(script), due)
		if got := append(appended, b...); brief(byKey(unstamped(want))["m"]) != brief(byKey(unstamped(got))["m"]) || brief(byKey(unstamped(want))["n"]) != brief(byKey(unstamped(got))["n"]) {
			for _, a := range script {
				t.Logf("IN %d %s", a.at, brief([]order.Entry[int]{a.e}))
			}
			t.Log("WANT", brief(want))
			t.Log("GOT", brief(appended), "LAST", brief(b))
		}
		require.Equal(t, byKey(unstamped(want)), byKey(unstamped(append(appended, b...))))
	})
}

// causalLife is one life that begins with the first record that was not appended and ends before record cut is read, or after
// everything has left when there is none. It returns what left.
func causalLife(t require.TestingT, appended []order.Entry[int], script []arrival, cut int, due func() bool) (out []order.Entry[int]) {
	b := order.New[int](config(order.ModeCausal), unlimited)
	known := map[int]bool{}
	for _, e := range appended {
		known[e.Payload] = true
	}
	floor := 0
	for floor < len(script) && known[floor] {
		floor++
	}
	loaded := map[string]bool{}
	for i := floor; i < cut; i++ {
		a := script[i]
		if !loaded[a.e.Key] {
			loaded[a.e.Key] = true
			for _, e := range appended {
				if e.Key == a.e.Key && e.Payload < i {
					b.Restore(instant(a.at), e)
				}
			}
		}
		if known[i] {
			b.Again(instant(a.at), a.e)
		} else {
			b.Push(instant(a.at), a.e)
		}
		if due() {
			out = b.Due(out, instant(a.at))
		}
	}
	if cut == len(script) {
		out = b.Due(out, instant(latest(script)+window))
		require.Zero(t, b.Held())
	}
	return out
}

// restartSeeds are scripts on which a restart once changed what left, shrunk.
func restartSeeds() map[string][]step {
	return map[string][]step{
		"a camera before a join that is told of behind it": {
			{0, "ContentJoined.a@2", ""}, {11, "Joined.a@2", ""}, {12, "VideoStarted.a@1", ""}, {13, "VideoStopped.a@1", ""},
		},
		"a late stop that left when another hold ended": {
			{0, "Left.a@1", ""}, {1, "Left.a@1", ""}, {10, "VideoStopped.a@1", ""}, {11, "VideoStarted.a@1", ""}, {13, "Left.a@1", ""},
		},
		"an end that waited for a start that was late": {
			{0, "Authorized.a@0", ""}, {1, "Added.a@0 Joined.a@1", ""}, {10, "MeetingStarted@0 Deleted.a@9", ""}, {11, "MeetingEnded@9", ""}, {20, "Joined.b@0 Left.b@0", ""},
		},
		"a late stop that left with the record of its instant": {
			{0, "Left.a@1", ""}, {10, "VideoStopped.a@1 Joined.a@2 Joined.b@1 Left.a@2 VideoStopped.a@2 Joined.a@1 Joined.b@1", ""},
		},
	}
}

// TestCausalRestartAnywhere cuts the short scripts, and those that once failed, before every record and behind every event that
// was appended by then, with late events kept apart and not.
func TestCausalRestartAnywhere(t *testing.T) {
	for _, cases := range []map[string][]step{causalCases(), restartSeeds()} {
		for name, steps := range cases {
			t.Run(name, func(t *testing.T) {
				script := arrivalsOf(steps)
				for _, due := range []func() bool{func() bool { return true }, func() bool { return false }} {
					want := byKey(unstamped(causalLife(t, nil, script, len(script), due)))
					for cut := range len(script) + 1 {
						first := causalLife(t, nil, script, cut, due)
						for n := range len(first) + 1 {
							for _, aside := range []bool{false, true} {
								last := causalLife(t, history(first[:n], aside), script, len(script), due)
								require.Equal(t, want, byKey(unstamped(append(first[:n:n], last...))), "cut at %d, %d appended, apart: %t", cut, n, aside)
							}
						}
					}
				}
			})
		}
	}
}

// arrivalsOf returns the events of a script.
func arrivalsOf(steps []step) []arrival {
	s, script := newStage(), []arrival(nil)
	for _, st := range steps {
		for _, text := range strings.Fields(st.push) {
			e := s.parse(text)
			e.Payload, e.Raw = len(script), uint64(len(script))
			script = append(script, arrival{at: st.at, e: e})
		}
	}
	return script
}
