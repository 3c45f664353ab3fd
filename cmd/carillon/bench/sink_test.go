package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/deliver"
)

func tinySink(t *testing.T, sink string) Options {
	t.Helper()
	o := tiny(t)
	o.Sink, o.Meetings, o.Events = sink, 40, 2000
	return o
}

// requireComparison looks at everything but the speed. That all events arrived is a condition of the run itself.
func requireComparison(t *testing.T, o Options, s *SinkReport) {
	t.Helper()
	require.NotNil(t, s)
	require.Equal(t, o.Sink, s.Sink)
	require.Equal(t, o.Meetings, s.Meetings)
	require.Equal(t, o.Partitions, s.Partitions)
	require.Equal(t, o.Events, s.Events)
	require.GreaterOrEqual(t, s.Rounds, minPairs)
	require.NotEmpty(t, s.Far)
	for _, figure := range []float64{s.Rate, s.Bare, s.Forward, s.RatioLow, s.Behind, s.CPU, s.BareCPU, s.ForwardCPU} {
		require.Positive(t, figure)
		require.False(t, math.IsInf(figure, 0))
	}
	require.LessOrEqual(t, s.RatioLow, s.Ratio)
	require.LessOrEqual(t, s.Ratio, s.RatioHigh)
	require.GreaterOrEqual(t, s.PerWrite, 1.0)
	require.LessOrEqual(t, s.PerWrite, float64(s.Batch))
	require.InDelta(t, 530, s.BodyBytes, 100)
}

func TestSinks(t *testing.T) {
	for _, sink := range []string{sinkFile, sinkNATS, sinkKafka, sinkWebhook} {
		t.Run(sink, func(t *testing.T) {
			o := tinySink(t, sink)
			r := runTiny(t, o)
			require.Nil(t, r.Throughput)
			require.Nil(t, r.Source)
			requireComparison(t, o, r.Sink)
			if sink == sinkWebhook {
				require.Equal(t, 1, r.Sink.Batch)
				require.Equal(t, o.Meetings, r.Sink.InFlight)
				return
			}
			require.Equal(t, 256, r.Sink.Batch)
			require.Equal(t, o.Partitions, r.Sink.InFlight)
		})
	}
}

func TestSinkProfiles(t *testing.T) {
	o := tinySink(t, sinkFile)
	o.CPUProfile = filepath.Join(t.TempDir(), "cpu")
	runTiny(t, o)
	for _, file := range []string{o.CPUProfile, o.CPUProfile + ceilingSuffix} {
		require.FileExists(t, file)
	}
}

// startSink returns a comparison that was filled, and ran the delivery once.
func startSink(t *testing.T, o Options) *sinkRun {
	t.Helper()
	logger, dir := slog.New(slog.DiscardHandler), t.TempDir()
	f, err := openFar(t.Context(), o, filepath.Join(dir, "far"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.close()) })
	j, err := openJournal(t.Context(), filepath.Join(dir, "journal"), o.Partitions, logger)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	s := &sinkRun{options: o, far: f, journal: j, logger: logger}
	require.NoError(t, s.fill(t.Context(), newCalendar(o.Meetings, o.Seed, time.Now().Add(-past).UnixMilli())))
	require.Len(t, s.events, o.Events)
	keys := map[string]bool{}
	for i := range s.events {
		keys[s.events[i].Key] = true
	}
	require.Len(t, keys, o.Meetings)
	_, calls, err := s.deliver(t.Context())
	require.NoError(t, err)
	require.Positive(t, calls)
	return s
}

// requireSame compares what the three sides leave at the far side.
func requireSame(t *testing.T, s *sinkRun, left func() []string) {
	t.Helper()
	read := func() []string {
		out := left()
		slices.Sort(out)
		return out
	}
	delivered := read()
	require.Len(t, delivered, s.options.Events)
	_, err := s.bare(t.Context())
	require.NoError(t, err)
	require.Equal(t, delivered, read(), "the bare loop sends something else")
	_, err = s.forward(t.Context())
	require.NoError(t, err)
	require.Equal(t, delivered, read(), "the bare loop behind EVENTS sends something else")
}

func TestBareLoopsWriteTheSameFile(t *testing.T) {
	s := startSink(t, tinySink(t, sinkFile))
	f, ok := s.far.(*fileFar)
	require.True(t, ok)
	requireSame(t, s, func() []string {
		text, err := os.ReadFile(f.path())
		require.NoError(t, err)
		var lines []string
		for line := range bytes.Lines(text) {
			lines = append(lines, string(line))
		}
		return lines
	})
}

func TestBareLoopsPublishTheSameMessages(t *testing.T) {
	o := tinySink(t, sinkNATS)
	o.Events, o.Meetings = 300, 10
	s := startSink(t, o)
	f, ok := s.far.(*natsFar)
	require.True(t, ok)
	requireSame(t, s, func() []string {
		stream, err := f.js.Stream(t.Context(), farStream)
		require.NoError(t, err)
		var out []string
		for seq := range o.Events {
			m, err := stream.GetMsg(t.Context(), uint64(seq+1))
			require.NoError(t, err)
			header, err := json.Marshal(m.Header)
			require.NoError(t, err)
			out = append(out, m.Subject+" "+string(header)+" "+string(m.Data))
		}
		return out
	})
}

// refusing is a sink that takes nothing.
type refusing struct{ pipeline.Sink }

var errTaken = errors.New("not taken")

func (refusing) Write(context.Context, []pipeline.Event) error { return errTaken }

// TestSinkThatRefuses expects an error and not figures: what is retried is something else than what was to be measured.
func TestSinkThatRefuses(t *testing.T) {
	s := startSink(t, tinySink(t, sinkFile))
	settings := deliver.DefaultConfig()
	settings.Start = deliver.StartEarliest
	build := func(pipeline.Settings) (pipeline.Sink, error) { return refusing{&sink{goal: newGoal("nothing")}}, nil }
	_, err := s.through(t.Context(), settings, build, &countedSink{goal: newGoal("events"), seen: func([]pipeline.Event) {}})
	require.ErrorIs(t, err, errTaken)
	require.NoError(t, s.far.renew(t.Context()))
	require.Error(t, s.verify(t.Context()), "nothing arrived there")
}

func TestSinkOptions(t *testing.T) {
	for text, change := range map[string]func(*Options){
		`--sink: "redis" is none of file, nats, kafka, postgres, webhook`: func(o *Options) { o.Sink = "redis" },
		"--sink: measures that sink alone":                                func(o *Options) { o.Sink, o.Only = sinkFile, PartScale },
		"leave out --only and --source":                                   func(o *Options) { o.Sink, o.Source = sinkFile, sourceSQS },
		"--sink: postgres needs a server":                                 func(o *Options) { o.Sink = sinkPostgres },
		"--sink-url: only with --sink postgres":                           func(o *Options) { o.Sink, o.SinkURL = sinkKafka, "postgres://127.0.0.1" },
		"--events: 99 is outside 100 to 10000000":                         func(o *Options) { o.Events = 99 },
	} {
		o := Defaults()
		change(&o)
		require.ErrorContains(t, o.validate(), text)
	}
}

func TestSinkThatCannotBeReached(t *testing.T) {
	o := tinySink(t, sinkPostgres)
	o.SinkURL = "postgres://carillon:a-secret@127.0.0.1:1/bench?connect_timeout=1"
	_, err := Run(t.Context(), o, io.Discard, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "measuring sink: reaching PostgreSQL")
	require.NotContains(t, err.Error(), "a-secret")
}

// TestSinkStopsWithItsContext ends a measurement that would go on for an hour.
func TestSinkStopsWithItsContext(t *testing.T) {
	o := tinySink(t, sinkFile)
	o.For = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := Run(ctx, o, io.Discard, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "measuring sink")
}

func TestSinkReportIsReadable(t *testing.T) {
	r := Report{
		Machine: Machine{CPUs: 2, Go: "go1.26", OS: "linux", Arch: "amd64", FsyncMS: 0.4, Seed: 1}, RSSPeakMB: 386, RSSMB: map[string]float64{"sink": 386},
		Sink: &SinkReport{
			Sink: "nats", Far: "a JetStream server in this process", Rate: 56_527, Bare: 121_110, Forward: 65_791, Ratio: 0.47, RatioLow: 0.44,
			RatioHigh: 0.55, Behind: 0.86, Batch: 256, InFlight: 8, PerWrite: 233, Meetings: 256, Partitions: 8, CPU: 27.9, BareCPU: 12.3,
			ForwardCPU: 23.3, Rounds: 3, Events: 40_000, BodyBytes: 530,
		},
	}
	var out bytes.Buffer
	require.NoError(t, Print(&out, r))
	golden := filepath.Join("testdata", "sink.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var fields struct {
		Sink map[string]json.RawMessage `json:"sink"`
	}
	require.NoError(t, json.Unmarshal(text, &fields))
	for _, name := range []string{
		"sink", "events_per_s", "bare_events_per_s", "stream_events_per_s", "ratio", "ratio_low", "ratio_high", "stream_ratio", "batch", "in_flight",
		"events_per_call", "meetings", "cpu_us_per_event", "bare_cpu_us_per_event", "stream_cpu_us_per_event", "rounds", "events",
	} {
		require.Contains(t, fields.Sink, name)
	}
}
