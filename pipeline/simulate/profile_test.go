package simulate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/simulate"
)

var start = time.Date(2026, 3, 9, 8, 30, 0, 0, time.UTC)

// drawProfile draws a small profile; small, because a property runs a hundred of them.
func drawProfile(t *rapid.T) simulate.Profile {
	p := simulate.Demo(rapid.Uint64().Draw(t, "seed"), start)
	p.Meetings = rapid.IntRange(1, 3).Draw(t, "meetings")
	p.Attendees.Min = rapid.IntRange(1, 4).Draw(t, "attendees")
	p.Attendees.Max = p.Attendees.Min + rapid.IntRange(0, 4).Draw(t, "more_attendees")
	p.Length.Min = time.Duration(rapid.IntRange(60, 600).Draw(t, "length")) * time.Second
	p.Length.Max = p.Length.Min + time.Duration(rapid.IntRange(0, 3600).Draw(t, "more_length"))*time.Second
	p.Duration = time.Duration(rapid.IntRange(1, 8000).Draw(t, "duration")) * time.Second
	p.StartSpread = rapid.Float64Range(0, 0.9).Draw(t, "start_spread")
	p.EqualTimestamps = rapid.SampledFrom([]float64{0, 0.05, 0.5, 1}).Draw(t, "equal")
	p.Variety = rapid.SampledFrom([]float64{0, 0.2, 1}).Draw(t, "variety")
	p.Paths = p.Paths[:rapid.IntRange(1, 3).Draw(t, "paths")]
	loss := rapid.SampledFrom([]float64{0, 0.02, 0.4}).Draw(t, "loss")
	for i := range p.Paths {
		p.Paths[i].Loss = loss
		p.Paths[i].Skew = time.Duration(rapid.IntRange(0, 500).Draw(t, "skew")) * time.Millisecond
	}
	if len(p.Paths) < 3 {
		p.CloudTrail = 0
	}
	return p
}

func generate(t require.TestingT, p simulate.Profile) simulate.Truth {
	truth, err := simulate.Generate(p)
	require.NoError(t, err)
	return truth
}

func TestDemoProfileIsValid(t *testing.T) {
	require.NoError(t, simulate.Demo(1, time.Now()).Validate())
}

func TestValidateNamesEveryProblem(t *testing.T) {
	p := simulate.Profile{
		Start:           time.Date(2014, 1, 1, 0, 0, 0, 1, time.UTC),
		Attendees:       simulate.Range{Min: 3, Max: 2},
		StartSpread:     1,
		EqualTimestamps: -1,
		Variety:         2,
		Unreadable:      2,
		CloudTrail:      2,
		Paths: []simulate.PathProfile{
			{Path: "pigeon", Skew: -1, Loss: 2, Repeat: 2, StallLength: 1, P99: -1},
			{Path: simulate.PathSQS, Median: 1, P99: 1},
			{Path: simulate.PathSQS, Median: 1, P99: 1},
		},
	}
	err := p.Validate()
	require.Error(t, err)
	for _, key := range []string{
		"meetings: ", "attendees: ", "length: ", "duration: ", "start: 2014", "start: want", "start_spread: ",
		"equal_timestamps: ", "variety: ", "unreadable: ", "cloud_trail: 2", "cloud_trail: needs", "paths.pigeon.median: ",
		"paths.pigeon.p99: ", "paths.pigeon.skew: ", "paths.pigeon.loss: ", "paths.pigeon.repeat: ",
		"paths.pigeon.repeat_after: ", "paths.pigeon.stall_length: ", `paths: "pigeon"`, `paths: "sqs" is there twice`,
	} {
		require.ErrorContains(t, err, key)
	}
	_, err = simulate.Generate(p)
	require.ErrorContains(t, err, "checking the profile: meetings: ")
	p.Paths = nil
	require.ErrorContains(t, p.Validate(), "paths: there is none")
}
