package simulate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/simulate"
)

// publishedPlan is the plan of a published profile with fewer meetings.
func publishedPlan(t *testing.T, name string, meetings int) (simulate.Profile, simulate.Truth, []simulate.Delivery) {
	t.Helper()
	all := simulate.Profiles(7, start)
	i := slices.IndexFunc(all, func(p simulate.Published) bool { return p.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	p := all[i].Profile
	p.Meetings = meetings
	truth := generate(t, p)
	return p, truth, simulate.Plan(p, truth)
}

// delays returns the sorted delays of the first deliveries of one path, and how many events it lost and repeated.
func delays(truth simulate.Truth, plan []simulate.Delivery, path simulate.Path) (sorted []time.Duration, lost, repeated int) {
	for _, d := range plan {
		switch {
		case d.Path != path:
		case d.Repeat:
			repeated++
		default:
			sorted = append(sorted, d.At.Sub(time.UnixMilli(truth.Events[d.Event].Time)))
		}
	}
	slices.Sort(sorted)
	return sorted, len(truth.Events) - len(sorted), repeated
}

func TestPublishedProfilesAreValidAndLifelike(t *testing.T) {
	all := simulate.Profiles(1, start)
	names := make([]string, 0, len(all))
	for _, p := range all {
		names = append(names, p.Name)
		require.NoError(t, p.Profile.Validate(), p.Name)
		room := time.Duration(float64(p.Profile.Duration) * (1 - p.Profile.StartSpread))
		require.Greater(t, room, p.Profile.Length.Max+40*time.Second, "%s runs life faster", p.Name)
	}
	require.Equal(t, []string{"calm", "aws", "storm", "outage", "skewed"}, names)
}

func TestPublishedProfilesHaveTheirDelays(t *testing.T) {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	for _, want := range []struct {
		name         string
		path         simulate.Path
		median, p99  float64 // seconds
		loss, repeat float64
	}{
		{"calm", simulate.PathSNS, 0.15, 0.6, 0.001, 0.005},
		{"aws", simulate.PathSQS, 0.4, 3, 0.005, 0.02},
		{"aws", simulate.PathEventBridge, 0.6, 4.5, 0.005, 0.02},
		{"storm", simulate.PathEventBridge, 1, 30, 0.05, 0.2},
		{"skewed", simulate.PathSNS, 5.4, 8, 0.005, 0.02},
	} {
		_, truth, plan := publishedPlan(t, want.name, 200)
		sorted, lost, repeated := delays(truth, plan, want.path)
		n := float64(len(truth.Events))
		require.InEpsilon(t, seconds(want.median), sorted[len(sorted)/2], 0.1, want.name)
		require.InEpsilon(t, seconds(want.p99), sorted[len(sorted)*99/100], 0.25, want.name)
		require.InDelta(t, want.loss, float64(lost)/n, 0.01, want.name)
		require.InDelta(t, want.repeat, float64(repeated)/n, 0.02, want.name)
	}
}

// TestOutageSilencesOnePathForTenMinutes looks for the gap in the arrivals of SQS and for the burst behind it.
func TestOutageSilencesOnePathForTenMinutes(t *testing.T) {
	_, truth, plan := publishedPlan(t, "outage", 800)
	longest := func(path simulate.Path) (gap time.Duration, end time.Time) {
		var last time.Time
		for _, d := range plan {
			if d.Path != path {
				continue
			}
			if g := d.At.Sub(last); !last.IsZero() && g > gap {
				gap, end = g, d.At
			}
			last = d.At
		}
		return gap, end
	}
	gap, end := longest(simulate.PathSQS)
	require.Greater(t, gap, 10*time.Minute)
	require.Less(t, gap, 12*time.Minute)
	other, _ := longest(simulate.PathSNS)
	require.Less(t, other, 5*time.Minute)
	burst, risen, last := 0, 0, int64(0)
	for _, d := range plan {
		if d.Path == simulate.PathSQS && !d.Repeat && !d.At.Before(end) && d.At.Before(end.Add(20*time.Millisecond)) {
			burst++
			if at := truth.Events[d.Event].Time; at > last {
				risen++
				last = at
			}
		}
	}
	require.Greater(t, burst, 100)
	require.Less(t, risen, burst/2, "the backlog comes in order")
}

func TestSkewedHasManyEqualTimestamps(t *testing.T) {
	equal := func(name string) float64 {
		_, truth, _ := publishedPlan(t, name, 100)
		n := 0
		for i := 1; i < len(truth.Events); i++ {
			if e, before := truth.Events[i], truth.Events[i-1]; e.Meeting == before.Meeting && e.Time == before.Time {
				n++
			}
		}
		return float64(n) / float64(len(truth.Events))
	}
	require.Greater(t, equal("skewed"), 0.1)
	require.Less(t, equal("aws"), 0.05)
}
