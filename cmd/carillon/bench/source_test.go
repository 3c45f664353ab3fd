package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func tinySource(t *testing.T) Options {
	t.Helper()
	o := tiny(t)
	o.Source, o.Pollers, o.size.sourceMessages = sourceSQS, 2, 300
	return o
}

// TestSource measures the sqs source at an emulator in this process. Nothing else is measured then.
func TestSource(t *testing.T) {
	o := tinySource(t)
	o.CPUProfile = filepath.Join(t.TempDir(), "cpu")
	r := runTiny(t, o)
	require.Nil(t, r.Throughput)
	require.Nil(t, r.Latency)
	s := r.Source
	require.NotNil(t, s)
	require.Equal(t, "sqs", s.Source)
	require.Equal(t, "awslocal in this process", s.Emulator)
	require.Equal(t, 2, s.Pollers)
	require.Equal(t, 300, s.Messages)
	require.GreaterOrEqual(t, s.Pairs, minPairs)
	require.Positive(t, s.RatioLow)
	require.LessOrEqual(t, s.RatioLow, s.Ratio)
	require.LessOrEqual(t, s.Ratio, s.RatioHigh)
	require.Positive(t, s.Rate)
	require.Positive(t, s.Bare)
	require.Greater(t, s.CPU, 1.0)
	require.Greater(t, s.BareCPU, 1.0)
	require.Greater(t, s.PerCommit, 1.0)
	require.InDelta(t, 530, s.BodyBytes, 100)
	for _, file := range []string{o.CPUProfile, o.CPUProfile + ceilingSuffix} {
		require.FileExists(t, file)
	}
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(text), `"source":{"source":"sqs"`)
}

func TestSourceThatCannotBeReached(t *testing.T) {
	o := tinySource(t)
	o.Endpoint = "http://127.0.0.1:1"
	_, err := Run(t.Context(), o, io.Discard, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "measuring source: making a queue")
}

func TestSourceOptions(t *testing.T) {
	o := Defaults()
	o.Source, o.Only, o.Pollers = "kafka", PartScale, 65
	err := o.validate()
	for _, want := range []string{`--source: "kafka" is not sqs`, "--source: measures that source alone", "--pollers: 65 is outside 1 to 64"} {
		require.ErrorContains(t, err, want)
	}
}

func TestSourceReportIsReadable(t *testing.T) {
	r := Report{
		Machine: Machine{CPUs: 2, Go: "go1.26", OS: "linux", Arch: "amd64", FsyncMS: 0.4, Seed: 1}, RSSPeakMB: 86, RSSMB: map[string]float64{"source": 86},
		Source: &SourceReport{
			Source: "sqs", Emulator: "http://127.0.0.1:4566", Rate: 12260, Bare: 11863, Ratio: 1.02, RatioLow: 0.96, RatioHigh: 1.22, Pollers: 1,
			Batch: 10, CPU: 87.2, BareCPU: 55.3, PerCommit: 12, Pairs: 3, Messages: 10_000, BodyBytes: 530,
		},
	}
	var out bytes.Buffer
	require.NoError(t, Print(&out, r))
	golden := filepath.Join("testdata", "source.golden")
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String())
}

// TestSourceStopsWithItsContext ends a measurement that would go on for an hour.
func TestSourceStopsWithItsContext(t *testing.T) {
	o := tinySource(t)
	o.For = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := Run(ctx, o, io.Discard, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "measuring source")
}
