package simulate_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/simulate"
)

func TestSameSeedSamePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		a, b := generate(t, p), generate(t, p)
		require.Equal(t, a, b)
		require.Equal(t, simulate.Plan(p, a), simulate.Plan(p, b))
	})
}

func TestAnotherSeedIsAnotherPlan(t *testing.T) {
	a, b := simulate.Demo(1, start), simulate.Demo(2, start)
	require.NotEqual(t, generate(t, a).Meetings[0].ID, generate(t, b).Meetings[0].ID)
}

func TestPlanDeliversOncePerPathButForRepeats(t *testing.T) {
	type leg struct {
		path  simulate.Path
		event int
	}
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		truth := generate(t, p)
		plan := simulate.Plan(p, truth)
		first := map[leg]simulate.Delivery{}
		again := map[leg]bool{}
		require.True(t, slices.IsSortedFunc(plan, func(a, b simulate.Delivery) int { return a.At.Compare(b.At) }))
		for _, d := range plan {
			if d.Event == simulate.NoEvent {
				require.NotEqual(t, simulate.RubbishNone, d.Rubbish)
				continue
			}
			require.Equal(t, simulate.RubbishNone, d.Rubbish)
			require.True(t, d.At.After(time.UnixMilli(truth.Events[d.Event].Time)), "nothing arrives before it happened")
			at := leg{d.Path, d.Event}
			if d.Repeat {
				require.Contains(t, first, at, "a repeat comes after its first")
				require.False(t, again[at], "one repeat at most")
				require.Equal(t, first[at].Body, d.Body)
				again[at] = true
				continue
			}
			require.NotContains(t, first, at)
			first[at] = d
		}
	})
}

// demoPlan is large enough for its shares to be near what the profile says.
func demoPlan(t *testing.T) (simulate.Profile, simulate.Truth, []simulate.Delivery) {
	t.Helper()
	p := simulate.Demo(7, start)
	p.Meetings = 300
	for i := range p.Paths {
		p.Paths[i].StallLength = 0 // a stall adds to delays
	}
	truth := generate(t, p)
	return p, truth, simulate.Plan(p, truth)
}

func TestPathsBehaveAsTheirProfile(t *testing.T) {
	p, truth, plan := demoPlan(t)
	for _, path := range p.Paths {
		var delays []time.Duration
		repeats := 0
		for _, d := range plan {
			switch {
			case d.Path != path.Path || d.Event == simulate.NoEvent:
			case d.Repeat:
				repeats++
			default:
				delays = append(delays, d.At.Sub(time.UnixMilli(truth.Events[d.Event].Time)))
			}
		}
		slices.Sort(delays)
		require.InEpsilon(t, float64(path.Median), float64(delays[len(delays)/2]), 0.05)
		require.InEpsilon(t, float64(path.P99), float64(delays[len(delays)*99/100]), 0.15)
		require.InDelta(t, path.Loss, 1-float64(len(delays))/float64(len(truth.Events)), 0.005)
		require.InDelta(t, path.Repeat, float64(repeats)/float64(len(delays)), 0.01)
	}
}

func TestSkewMovesOnePathOnly(t *testing.T) {
	p, truth, plan := demoPlan(t)
	p.Paths[1].Skew = 3 * time.Second
	skewed := simulate.Plan(p, truth)
	find := func(plan []simulate.Delivery, path simulate.Path) map[int]time.Time {
		at := map[int]time.Time{}
		for _, d := range plan {
			if d.Path == path && !d.Repeat && d.Event != simulate.NoEvent {
				at[d.Event] = d.At
			}
		}
		return at
	}
	require.Equal(t, find(plan, simulate.PathSQS), find(skewed, simulate.PathSQS))
	require.Equal(t, find(plan, simulate.PathEventBridge), find(skewed, simulate.PathEventBridge))
	moved := find(skewed, simulate.PathSNS)
	for event, at := range find(plan, simulate.PathSNS) {
		require.Equal(t, at.Add(3*time.Second), moved[event])
	}
}

func TestStallsEndInBursts(t *testing.T) {
	p, truth, plan := demoPlan(t)
	p.Paths = p.Paths[:1]
	p.CloudTrail = 0
	p.Paths[0].Repeat = 0
	p.Paths[0].StallLength = time.Second
	most := func(plan []simulate.Delivery) int {
		perSlot, top := map[int64]int{}, 0
		for _, d := range plan {
			if d.Path != simulate.PathSQS {
				continue
			}
			slot := d.At.UnixMilli() / 20
			perSlot[slot]++
			top = max(top, perSlot[slot])
		}
		return top
	}
	require.Greater(t, most(simulate.Plan(p, truth)), 4*most(plan))
}

func TestBodiesHaveTheShapeOfTheirPath(t *testing.T) {
	p, truth, plan := demoPlan(t)
	shapes := map[string]bool{}
	for _, d := range plan {
		if d.Event == simulate.NoEvent {
			continue
		}
		var body map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(d.Body, &body))
		e := truth.Events[d.Event]
		require.JSONEq(t, string(e.Detail), string(body["detail"]))
		require.JSONEq(t, `"aws.chime"`, string(body["source"]))
		var at time.Time
		require.NoError(t, json.Unmarshal(body["time"], &at))
		if d.Path == simulate.PathEventBridge {
			require.Len(t, body, 9)
			require.Contains(t, body, "id")
			require.JSONEq(t, "[]", string(body["resources"]))
			require.Zero(t, at.Nanosecond())
			require.LessOrEqual(t, math.Abs(at.Sub(time.UnixMilli(e.Time)).Seconds()), 1.0)
		} else {
			require.Len(t, body, 7)
			require.Equal(t, e.Time, at.UnixMilli())
		}
		shapes[string(d.Body[:12])] = true
	}
	require.Greater(t, len(shapes), 5, "some bodies are written in another way")
	require.Len(t, p.Paths, 3)
}

func TestRubbishIsDistinctAndCounted(t *testing.T) {
	_, truth, plan := demoPlan(t)
	bodies := map[string]bool{}
	counts := map[simulate.Rubbish]int{}
	for _, d := range plan {
		if d.Event != simulate.NoEvent {
			continue
		}
		counts[d.Rubbish]++
		require.False(t, bodies[string(d.Body)])
		bodies[string(d.Body)] = true
		if d.Path == simulate.PathEventBridge {
			require.True(t, json.Valid(d.Body), "a bus carries JSON only")
		}
		if d.Rubbish == simulate.RubbishCloudTrail {
			require.Equal(t, simulate.PathEventBridge, d.Path)
			require.Contains(t, string(d.Body), `"detail-type":"AWS API Call via CloudTrail"`)
		}
	}
	require.InDelta(t, 0.002*float64(len(plan)), counts[simulate.RubbishUnreadable], 5)
	require.InDelta(t, 0.002*float64(len(plan)), counts[simulate.RubbishCloudTrail], 5)
	report := simulate.NewScore(truth, plan, time.Second, 0).Report(simulate.Observed{})
	require.Equal(t, counts[simulate.RubbishUnreadable], report.ExpectedQuarantined)
	require.Equal(t, counts[simulate.RubbishCloudTrail], report.ExpectedFiltered)
	require.Len(t, plan, report.Notifications)
}
