package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline/order"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tiny returns options of a run that takes a moment.
func tiny(t *testing.T) Options {
	t.Helper()
	o := Defaults()
	o.For, o.Meetings, o.Rate, o.Partitions, o.Seeds, o.Dir = 200*time.Millisecond, 50, 200, 2, 2, t.TempDir()
	o.size = size{sliceEvents: 300, warmup: 100 * time.Millisecond, memoryMeetings: 200, coldMeetings: 20, scaleEvents: 200, frontierMeetings: 8}
	return o
}

func runTiny(t *testing.T, o Options) Report {
	t.Helper()
	r, err := Run(t.Context(), o, io.Discard, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	left, err := os.ReadDir(o.Dir)
	require.NoError(t, err)
	require.Empty(t, left, "directories that were not removed")
	return r
}

func TestOptionsNameEveryProblem(t *testing.T) {
	require.NoError(t, Defaults().validate())
	err := Options{Disorder: -1, CeilingPartitions: -1, Only: "everything"}.validate()
	for _, want := range []string{"--for: 0s", "--meetings: 0", "--rate: 0", "--partitions: 0", "--ceiling-partitions: -1", "--seeds: 0", "--disorder: -1", `--only: "everything" is none of throughput, `} {
		require.ErrorContains(t, err, want)
	}
	_, err = Run(t.Context(), Options{}, io.Discard, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "--meetings: 0")
}

func TestScaleIsPartOfARunWithManyMeetings(t *testing.T) {
	o := Defaults()
	require.False(t, o.wants(PartScale))
	require.True(t, o.wants(PartThroughput))
	o.Meetings = 5000
	require.True(t, o.wants(PartScale))
	require.Equal(t, []int{1000, 5000}, sizes(o.Meetings))
	require.Equal(t, []int{1000, 10_000, 100_000, 1_000_000}, sizes(1_000_000))
	o.Only = PartLatency
	require.False(t, o.wants(PartScale))
	require.True(t, o.wants(PartLatency))
}

func TestThroughput(t *testing.T) {
	o := tiny(t)
	o.Only, o.CPUProfile = PartThroughput, filepath.Join(t.TempDir(), "cpu")
	r := runTiny(t, o)
	require.NotNil(t, r.Throughput)
	require.Greater(t, r.Ratio, 0.1)
	require.GreaterOrEqual(t, r.RatioHigh, r.Ratio)
	require.GreaterOrEqual(t, r.Ratio, r.RatioLow)
	require.GreaterOrEqual(t, r.Pairs, minPairs)
	require.Equal(t, copies*o.size.sliceEvents, r.SliceNotifications)
	require.InEpsilon(t, r.Notifications, copies*r.Events, 0.001)
	require.Positive(t, r.CPU)
	require.Positive(t, r.CeilingCPU)
	require.Greater(t, r.PerCommit, 1.0)
	require.Greater(t, r.CeilingPerCommit, 1.0)
	require.InDelta(t, 600, r.BodyBytes, 100)
	for _, file := range []string{o.CPUProfile, o.CPUProfile + ceilingSuffix} {
		require.FileExists(t, file)
	}
}

func TestLatencyHasEveryMode(t *testing.T) {
	o := tiny(t)
	o.Only = PartLatency
	r := runTiny(t, o)
	require.Len(t, r.Latency, len(modes()))
	for mode, q := range r.Latency {
		require.Positive(t, q.P50, mode)
		require.LessOrEqual(t, q.P50, q.P99, mode)
		require.LessOrEqual(t, q.P99, q.Max, mode)
	}
	window := millis(order.DefaultConfig().Window)
	for _, mode := range []order.Mode{order.ModeNone, order.ModeCausal} {
		require.Less(t, r.Latency[string(mode)].P50, window, mode)
	}
	require.GreaterOrEqual(t, r.Latency["time"].P50, window, "nothing leaves before its hold ends")
}

func TestMemory(t *testing.T) {
	o := tiny(t)
	o.Only = PartMemory
	r := runTiny(t, o)
	require.NotNil(t, r.Memory)
	require.Positive(t, r.ColdLoad.P50)
	require.GreaterOrEqual(t, r.ColdEvents, 1.0)
	perMeeting, err := meetingBytes(2000, order.DefaultConfig())
	require.NoError(t, err)
	require.InDelta(t, 2500, perMeeting, 2400)
	require.InDelta(t, 60, rememberedBytes(2000), 40, "at most 100 bytes for each remembered event")
}

func TestScale(t *testing.T) {
	o := tiny(t)
	o.Only = PartScale
	r := runTiny(t, o)
	require.Len(t, r.Scale, 1)
	row := r.Scale[0]
	require.Equal(t, o.Meetings, row.Meetings)
	require.Equal(t, o.Meetings, row.InMemory)
	require.Positive(t, row.Notifications)
	require.InEpsilon(t, copies*row.CPU, row.CPUPerEvent, 0.001)
}

// TestScaleReadsMeetingsBack has half of the meetings begin before the router does.
func TestScaleReadsMeetingsBack(t *testing.T) {
	o := tiny(t)
	b := &bench{options: o, progress: io.Discard, logger: slog.New(slog.DiscardHandler), base: time.Now().Add(-past).UnixMilli()}
	dir := t.TempDir()
	c := newCalendar(40, 1, b.base)
	require.NoError(t, b.startMeetings(t.Context(), dir, c, 20))
	r, err := startRig(t.Context(), dir, o.Partitions, orderOf(drainWindow), b.logger, nil)
	require.NoError(t, err)
	costs, err := b.scaleSlices(t.Context(), r, c, 20)
	require.NoError(t, err)
	require.Len(t, costs, scaleSlices)
	require.NoError(t, r.stop(context.WithoutCancel(t.Context())))
	j, err := openJournal(t.Context(), dir, o.Partitions, b.logger)
	require.NoError(t, err)
	seen, err := eventCount(t, j)
	require.NoError(t, err)
	require.Equal(t, 40+scaleSlices*o.size.scaleEvents, seen)
	require.NoError(t, j.Close())
}

// TestReportNames compares the JSON with the names that are published.
func TestReportNames(t *testing.T) {
	r := Report{
		Throughput: &Throughput{}, Memory: &Memory{}, Latency: map[string]Quantiles{"none": {}}, Scale: []ScaleRow{{}},
		Frontier: []FrontierRow{{}}, RSSMB: map[string]float64{},
	}
	has := func(part any, names ...string) {
		text, err := json.Marshal(part)
		require.NoError(t, err)
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &fields))
		for _, name := range names {
			require.Contains(t, fields, name)
		}
	}
	has(r, "notifications_per_s", "events_per_s", "ceiling_notifications_per_s", "ratio", "cpu_us_per_notification", "ceiling_cpu_us_per_notification",
		"rss_peak_mb", "bytes_per_active_meeting", "bytes_per_remembered_event", "latency_ms", "cold_meeting_load_ms", "scale", "frontier")
	has(r.Latency["none"], "p50", "p99", "p999")
	has(r.ColdLoad, "p50", "p99")
	has(r.Frontier[0], "profile", "mode", "window_ms", "inversions_per_million", "lifecycle_violations_per_million", "unseen_swaps_per_million", "late_per_million", "late_unjustified", "added_latency_ms")
	has(r.Frontier[0].Added, "p50", "p99", "max")
	text, err := json.Marshal(Report{})
	require.NoError(t, err)
	require.NotContains(t, string(text), "notifications_per_s")
}

func TestPrint(t *testing.T) {
	r := Report{
		Machine: Machine{CPUs: 2, Go: "go1.26.0", OS: "linux", Arch: "amd64", FsyncMS: 0.56, Seed: 1},
		Throughput: &Throughput{
			Notifications: 38_000, Events: 12_666, Ceiling: 50_000, Ratio: 0.76, RatioLow: 0.7, RatioHigh: 0.8, CPU: 38.2, CeilingCPU: 27.4,
			PerCommit: 512, CeilingPerCommit: 600, Pairs: 9, SliceNotifications: 60_000, BodyBytes: 600, Partitions: 8, CeilingPartitions: 1, Mode: "time",
		},
		Latency:     map[string]Quantiles{"none": {P50: 2.1, P99: 6.4, P999: 9, Max: 12}, "time": {P50: 2003, P99: 2009, P999: 2011, Max: 2020}},
		LatencyRate: 1000,
		Memory:      &Memory{BytesPerMeeting: 2900, BytesPerEvent: 47, ColdLoad: Quantiles{P50: 0.7, P99: 2}, ColdEvents: 21},
		Scale:       []ScaleRow{{1000, 1000, 38_000, 38, 114, 400}, {1_000_000, 100_000, 9000, 120, 360, 2400}},
		Frontier: []FrontierRow{
			{Profile: "calm", Mode: "none", Inversions: 22_021.6, InversionsWorst: 23_125, Violations: 14_956, ViolationsWorst: 15_252, Unseen: 36.2, Events: 111_000, Seeds: 3},
			{Profile: "aws", Mode: "time", WindowMS: 2000, Inversions: 22.4, Late: 22.4, Added: AddedLatency{2000, 2000, 2000}, Events: 111_000, Seeds: 3},
		},
		RSSPeakMB: 900, RSSMB: map[string]float64{"throughput": 900, "memory": 300},
	}
	var out bytes.Buffer
	require.NoError(t, Print(&out, r))
	golden := filepath.Join("testdata", "report.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}
