package pipeline_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
)

func TestSizeReads(t *testing.T) {
	for text, want := range map[string]pipeline.Size{
		"0": 0, "17": 17, "17B": 17, "1KB": 1000, "1kib": 1024, "10 GiB": 10 * pipeline.GiB, "1.5MiB": 3 * pipeline.MiB / 2, "2TB": 2e12, " 8MiB ": 8 * pipeline.MiB,
	} {
		var s pipeline.Size
		require.NoError(t, s.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, s, text)
	}
	for _, text := range []string{"", "GiB", "-1", "1XB", "ten", "1e30GiB", "NaN", "1 GiB 2"} {
		var s pipeline.Size
		require.ErrorContains(t, s.UnmarshalText([]byte(text)), "size", text)
	}
}

// TestSizeRoundTrip: what a size prints reads as the same size.
func TestSizeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := pipeline.Size(rapid.Int64Range(0, math.MaxInt64>>10).Draw(t, "size") >> rapid.IntRange(0, 50).Draw(t, "shift"))
		want = pipeline.Size(int64(want) & (1<<53 - 1)) // What a decimal number holds exactly.
		text, err := want.MarshalText()
		require.NoError(t, err)
		var have pipeline.Size
		require.NoError(t, have.UnmarshalText(text))
		require.Equal(t, want, have)
	})
}

// TestSecretNeverShows prints a secret in every way there is.
func TestSecretNeverShows(t *testing.T) {
	const value = "hunter2-correct-horse"
	const attribute = "attribute"
	var s pipeline.Secret
	require.NoError(t, s.UnmarshalText([]byte(value)))
	require.Equal(t, value, s.Reveal())
	held := struct{ Key pipeline.Secret }{s}
	text, err := json.Marshal(held)
	require.NoError(t, err)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", slog.Any(attribute, s), slog.Any(attribute, held))
	for _, shown := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", held, held, held, s, s), string(text), log.String(), fmt.Sprintf("%x", s),
	} {
		require.NotContains(t, shown, value)
		require.NotContains(t, shown, fmt.Sprintf("%x", value))
	}
	require.Error(t, new(pipeline.Secret).UnmarshalText(nil))
	require.True(t, pipeline.Secret{}.IsZero())
}
