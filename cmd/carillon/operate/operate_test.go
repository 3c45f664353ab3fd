package operate_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/operate"
	"carillon/pipeline/admin"
)

func TestWhen(t *testing.T) {
	now := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"": "", "2h": "2026-01-05T10:00:00Z", "0s": "2026-01-05T12:00:00Z", "2026-01-05T10:00:00+01:00": "2026-01-05T09:00:00Z",
		"2026-01-05T10:00:00.123Z": "2026-01-05T10:00:00.123Z",
	} {
		got, err := operate.When("from", text, now)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"yesterday", "-2h", "2026-01-05"} {
		_, err := operate.When("from", text, now)
		require.ErrorContains(t, err, "--from: ")
	}
}

// TestWhatOthersWroteIsPlain expects nothing from outside to reach the terminal as a command, and tables to stay tables.
func TestWhatOthersWroteIsPlain(t *testing.T) {
	var out bytes.Buffer
	d := admin.DeadLetter{Place: 1, Sink: "out", Reason: "\x1b[31m" + strings.Repeat("é", 100), Excerpt: "a\x1b]0;title\x07\nb"}
	d.Text = "{\"a\":\"\x1b[2J\"}"
	require.NoError(t, operate.DeadLetter(&out, &d))
	require.NoError(t, operate.Dead(&out, admin.DeadLetters{Dead: []admin.DeadLetter{d}, Next: 1}))
	require.NoError(t, operate.Quarantined(&out, &admin.Quarantined{Reason: "\x1b[31m", Missing: 2}))
	require.NotContains(t, out.String(), "\x1b")
	require.Contains(t, out.String(), "...\nThere are more: --after 1 goes on.\n")
	require.Contains(t, out.String(), "a?]0;title?\nb")
}
