package telemetry_test

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/telemetry"
)

func TestDefaultLogIsValid(t *testing.T) {
	c := telemetry.DefaultLog()
	require.NoError(t, c.Validate())
	require.Equal(t, slog.LevelInfo, c.Level.Severity())
}

func TestEveryLevelHasItsSeverity(t *testing.T) {
	want := map[telemetry.Level]slog.Level{
		telemetry.LevelDebug: slog.LevelDebug,
		telemetry.LevelInfo:  slog.LevelInfo,
		telemetry.LevelWarn:  slog.LevelWarn,
		telemetry.LevelError: slog.LevelError,
		"loud":               slog.LevelInfo,
	}
	for level, severity := range want {
		require.Equal(t, severity, level.Severity(), level)
	}
}

func TestLogConfigNamesEveryProblem(t *testing.T) {
	c := telemetry.LogConfig{Level: "loud", Format: "xml"}
	require.EqualError(t, c.Validate(),
		"level: \"loud\" is none of debug, info, warn, error\nformat: \"xml\" is none of auto, text, json")
}
