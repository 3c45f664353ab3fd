package simulate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/simulate"
)

func TestAPerfectRouterPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		truth := generate(t, p)
		plan := simulate.Plan(p, truth)
		outputs := route(truth, plan, forever)
		r := score(truth, plan, forever, outputs)
		require.True(t, r.OK, "%+v", r)
		require.Equal(t, len(outputs), r.Delivered)
		require.Equal(t, r.Events, r.Delivered)
		require.Zero(t, r.Late+r.Redelivered+r.Inversions+r.LifecycleViolations)
	})
}

// A router with any window is late sometimes, and always rightly so.
func TestAHoldingRouterPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		truth := generate(t, p)
		plan := simulate.Plan(p, truth)
		window := time.Duration(rapid.IntRange(0, 1000).Draw(t, "window")) * time.Millisecond
		r := score(truth, plan, window, route(truth, plan, window))
		require.True(t, r.OK, "%+v", r)
	})
}

func TestLatenessIsFoundToBeJustOrNot(t *testing.T) {
	p := simulate.Demo(8, start)
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, 50*time.Millisecond)
	r := score(truth, plan, 50*time.Millisecond, outputs)
	require.True(t, r.OK, "%+v", r)
	require.Greater(t, r.Late, 100)
	require.Positive(t, r.Inversions)
	require.Positive(t, r.LifecycleViolations)

	r = score(truth, plan, 80*time.Millisecond, outputs)
	require.False(t, r.OK, "the router held for less than it said")
	require.Positive(t, r.LateUnjustified)
	require.Less(t, r.LateUnjustified, r.Late)
	require.Zero(t, r.Lost+r.Duplicated+r.Misordered+r.Unknown+r.Mislabelled)
}

// Something that came long before an event does not excuse its lateness unless the event had to precede it.
func TestLatenessIsNotExcusedByWhatPrecedes(t *testing.T) {
	p := simulate.Demo(8, start)
	p.Meetings = 1
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, forever)
	outputs[len(outputs)-1].Late = true
	r := score(truth, plan, 50*time.Millisecond, outputs)
	require.Equal(t, 1, r.LateUnjustified)
	require.Equal(t, 1, r.Late)
}

// A late event does not take the ones after it back in time: they are measured by the newest that came out.
func TestWhatFollowsALateEventIsStillMeasuredByTheNewest(t *testing.T) {
	p := simulate.Demo(8, start)
	p.Meetings, p.EqualTimestamps = 1, 0
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, forever)
	outputs[2].Late = true
	moved := renumber(slices.Concat(outputs[:2], outputs[4:10], outputs[2:4], outputs[10:]))
	r := score(truth, plan, forever, moved)
	require.Equal(t, 1, r.Late)
	require.Equal(t, 1, r.Misordered)
	require.Equal(t, 2, r.Inversions)
}

func TestToleranceWidensTheWindow(t *testing.T) {
	p := simulate.Demo(8, start)
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	s := simulate.NewScore(truth, plan, 80*time.Millisecond, 30*time.Millisecond)
	for _, o := range route(truth, plan, 50*time.Millisecond) {
		s.Add(o)
	}
	require.Zero(t, s.Report(simulate.Observed{}).LateUnjustified)
}

func TestDemoIsNeverLateForTheDefaultWindow(t *testing.T) {
	for seed := range uint64(20) {
		p := simulate.Demo(seed, start)
		truth := generate(t, p)
		plan := simulate.Plan(p, truth)
		r := score(truth, plan, 2*time.Second, route(truth, plan, 2*time.Second))
		require.True(t, r.OK, "%+v", r)
		require.Zero(t, r.Late)
		require.InDelta(t, 2000, r.LagMS.P99, 0.01)
		require.InDelta(t, 2000, r.LagMS.Max, 0.01)
	}
}

// sabotage spoils the outputs of a perfect router at place i, which spoilable returned, and says which count of the report
// must show it.
type sabotage struct {
	name  string
	spoil func(out []simulate.Output, i int) []simulate.Output
	count func(simulate.Report) int
}

func sabotages() []sabotage {
	return []sabotage{
		{"drop one", func(out []simulate.Output, i int) []simulate.Output {
			return slices.Delete(out, i, i+1)
		}, func(r simulate.Report) int { return r.Lost }},
		{"repeat one under a new sequence", func(out []simulate.Output, i int) []simulate.Output {
			again := out[i]
			again.Sequence++
			return slices.Insert(out, i+1, again)
		}, func(r simulate.Report) int { return r.Duplicated }},
		{"repeat one under a new id", func(out []simulate.Output, i int) []simulate.Output {
			again := out[i]
			again.ID = strings.Repeat("f", 32)
			return slices.Insert(out, i+1, again)
		}, func(r simulate.Report) int { return r.Duplicated }},
		{"swap two in the stream", func(out []simulate.Output, i int) []simulate.Output {
			j := earlier(out, i)
			out[i], out[j] = out[j], out[i]
			out[i].Sequence, out[j].Sequence = out[j].Sequence, out[i].Sequence
			return out
		}, func(r simulate.Report) int { return r.Misordered }},
		{"swap two on the way to the sink", func(out []simulate.Output, i int) []simulate.Output {
			j := earlier(out, i)
			out[i], out[j] = out[j], out[i]
			out[i].Late, out[j].Late = true, true // only the sequences tell
			return out
		}, func(r simulate.Report) int { return r.Misordered }},
		{"mark one late", func(out []simulate.Output, i int) []simulate.Output {
			out[i].Late = true
			return out
		}, func(r simulate.Report) int { return r.LateUnjustified }},
		{"invent one", func(out []simulate.Output, i int) []simulate.Output {
			invented := out[i]
			invented.Sequence++
			invented.Body = fmt.Appendf(nil, `{"detail":{"eventType":"chime:MeetingEnded","meetingId":%q,"timestamp":%d}}`,
				out[0].Key, start.UnixMilli()-1)
			return slices.Insert(out, i+1, invented)
		}, func(r simulate.Report) int { return r.Unknown }},
		{"garble one", func(out []simulate.Output, i int) []simulate.Output {
			out[i].Body = []byte("{")
			return out
		}, func(r simulate.Report) int { return min(r.Unknown, r.Lost) }},
		{"mix up the kind", func(out []simulate.Output, i int) []simulate.Output {
			out[i].Kind += "?"
			return out
		}, func(r simulate.Report) int { return r.Mislabelled }},
		{"mix up the time", func(out []simulate.Output, i int) []simulate.Output {
			out[i].TimeMS++
			return out
		}, func(r simulate.Report) int { return r.Mislabelled }},
		{"mix up the key", func(out []simulate.Output, i int) []simulate.Output {
			out[i].Key += "?"
			return out
		}, func(r simulate.Report) int { return r.Mislabelled }},
	}
}

// earlier finds the last output before place i that must precede it: of the same meeting, with a lower timestamp.
func earlier(out []simulate.Output, i int) int {
	j := i - 1
	for out[j].Key != out[i].Key || out[j].TimeMS >= out[i].TimeMS {
		j--
	}
	return j
}

func TestEverySabotageIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		p.Meetings = min(p.Meetings, 2)
		p.Attendees = simulate.Range{Min: 3, Max: 6} // something to spoil, and not all of it in one millisecond
		p.EqualTimestamps = min(p.EqualTimestamps, 0.5)
		for i := range p.Paths {
			p.Paths[i].Loss = 0
		}
		truth := generate(t, p)
		plan := simulate.Plan(p, truth)
		outputs := route(truth, plan, forever)
		place := rapid.SampledFrom(spoilable(outputs)).Draw(t, "place")
		for _, sab := range sabotages() {
			r := score(truth, plan, forever, sab.spoil(slices.Clone(outputs), place))
			require.Falsef(t, r.OK, "%s: %+v", sab.name, r)
			require.Positivef(t, sab.count(r), "%s: %+v", sab.name, r)
		}
	})
}

// spoilable lists the places that another of the same meeting with a lower timestamp comes before.
func spoilable(out []simulate.Output) []int {
	earliest := map[string]int64{}
	var places []int
	for i, o := range out {
		if t, ok := earliest[o.Key]; !ok {
			earliest[o.Key] = o.TimeMS
		} else if t < o.TimeMS {
			places = append(places, i)
		}
	}
	return places
}

func TestTheQuarantineCounts(t *testing.T) {
	p := simulate.Demo(9, start)
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	s := simulate.NewScore(truth, plan, forever, 0)
	for _, o := range route(truth, plan, forever) {
		s.Add(o)
	}
	missing := s.Report(simulate.Observed{Quarantined: 1, Witnesses: 5, Filtered: 6, ReceivedBySource: map[string]int{"queue": 7}})
	require.False(t, missing.OK)
	require.Greater(t, missing.ExpectedQuarantined, 1)
	require.Equal(t, 5, missing.Witnesses)
	require.Equal(t, 6, missing.Filtered)
	require.Equal(t, map[string]int{"queue": 7}, missing.ReceivedBySource)
	missing.Quarantined = missing.ExpectedQuarantined
	require.True(t, missing.Passed())
}

func TestNothingCarriedIsNoSuccess(t *testing.T) {
	truth := generate(t, simulate.Demo(1, start))
	require.False(t, simulate.NewScore(truth, nil, forever, 0).Report(simulate.Observed{}).OK)
}

// An event that every path lost is not missed, and when it comes out it was invented.
func TestWhatNoPathCarriedIsNotExpected(t *testing.T) {
	p := simulate.Demo(10, start)
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, forever)
	gone := slices.DeleteFunc(slices.Clone(plan), func(d simulate.Delivery) bool { return d.Event == 3 })
	r := score(truth, gone, forever, route(truth, gone, forever))
	require.True(t, r.OK, "%+v", r)
	require.Equal(t, len(outputs)-1, r.Events)
	require.Equal(t, 1, score(truth, gone, forever, outputs).Unknown)
}

func TestLagIsByNearestRank(t *testing.T) {
	truth, plan, outputs := oneMeeting(t, 4)
	s := simulate.NewScore(truth, plan, forever, 0)
	require.Equal(t, simulate.Lag{}, s.Report(simulate.Observed{}).LagMS)
	for i, o := range outputs[:20] {
		o.Accepted = o.Received.Add(time.Duration(20-i) * 1500 * time.Microsecond)
		s.Add(o)
	}
	require.Equal(t, simulate.Lag{P50: 15, P99: 30, Max: 30}, s.Report(simulate.Observed{}).LagMS)
}
