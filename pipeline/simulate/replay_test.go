package simulate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/simulate"
)

// oneMeeting is a run with one key, so that its outputs are one lane.
func oneMeeting(t require.TestingT, seed uint64) (simulate.Truth, []simulate.Delivery, []simulate.Output) {
	p := simulate.Demo(seed, start)
	p.Meetings = 1
	truth := generate(t, p)
	plan := simulate.Plan(p, truth)
	return truth, plan, route(truth, plan, forever)
}

func TestAReplayFromTheFloorIsAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth, plan, outputs := oneMeeting(t, rapid.Uint64Range(0, 50).Draw(t, "seed"))
		crash := rapid.IntRange(1, len(outputs)).Draw(t, "crash")
		floor := rapid.IntRange(0, crash-1).Draw(t, "floor")
		seen := slices.Concat(outputs[:crash], outputs[floor:])
		r := score(truth, plan, forever, seen)
		require.True(t, r.OK, "%+v", r)
		require.Equal(t, crash-floor, r.Redelivered)
	})
}

func TestAReplayThatSkipsIsMisordered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth, plan, outputs := oneMeeting(t, rapid.Uint64Range(0, 50).Draw(t, "seed"))
		crash := rapid.IntRange(3, len(outputs)).Draw(t, "crash")
		floor := rapid.IntRange(0, crash-3).Draw(t, "floor")
		skipped := rapid.IntRange(floor+1, crash-1).Draw(t, "skipped")
		seen := slices.Concat(outputs[:crash], outputs[floor:skipped], outputs[skipped+1:])
		r := score(truth, plan, forever, seen)
		if skipped == len(outputs)-1 {
			require.True(t, r.OK, "the last one need not be repeated")
			return
		}
		require.False(t, r.OK)
		require.Equal(t, 1, r.Misordered)
		require.Zero(t, r.Lost+r.Duplicated)
	})
}

func TestASecondEventUnderOneSequenceIsMisordered(t *testing.T) {
	truth, plan, outputs := oneMeeting(t, 2)
	outputs[5].Sequence = outputs[4].Sequence
	r := score(truth, plan, forever, outputs)
	require.False(t, r.OK)
	require.Equal(t, 1, r.Misordered)
	require.Zero(t, r.Duplicated)
}

func TestARepeatedDuplicateIsOneDuplicate(t *testing.T) {
	truth, plan, outputs := oneMeeting(t, 2)
	double := outputs[5]
	double.Sequence++
	r := score(truth, plan, forever, slices.Insert(outputs, 6, double, double))
	require.Equal(t, 1, r.Duplicated)
	require.Equal(t, 1, r.Redelivered)
	require.Zero(t, r.Misordered)
}

func TestReportChangesNothing(t *testing.T) {
	truth, plan, outputs := oneMeeting(t, 3)
	s := simulate.NewScore(truth, plan, forever, 0)
	for _, o := range outputs {
		s.Report(simulate.Observed{})
		s.Add(o)
	}
	once, twice := s.Report(simulate.Observed{}), s.Report(simulate.Observed{})
	require.Equal(t, once, twice)
	require.Equal(t, len(outputs), once.Delivered)
	require.Zero(t, once.Lost+once.Misordered+once.Late)
}

func BenchmarkScore(b *testing.B) {
	p := simulate.Demo(1, start)
	p.Meetings = 1600
	p.Duration = 10 * time.Minute
	truth, err := simulate.Generate(p)
	require.NoError(b, err)
	plan := simulate.Plan(p, truth)
	outputs := route(truth, plan, 50*time.Millisecond)
	b.ReportAllocs()
	for b.Loop() {
		s := simulate.NewScore(truth, plan, 50*time.Millisecond, 0)
		for _, o := range outputs {
			s.Add(o)
		}
		r := s.Report(simulate.Observed{})
		require.Zero(b, r.Lost+r.Duplicated+r.Misordered+r.LateUnjustified+r.Unknown+r.Mislabelled)
	}
	b.ReportMetric(float64(len(outputs)), "events/op")
}

func BenchmarkPlan(b *testing.B) {
	p := simulate.Demo(1, start)
	p.Meetings = 400
	events := 0
	for b.Loop() {
		truth, err := simulate.Generate(p)
		require.NoError(b, err)
		simulate.Plan(p, truth)
		events = len(truth.Events)
	}
	b.ReportMetric(float64(events), "events/op")
}
