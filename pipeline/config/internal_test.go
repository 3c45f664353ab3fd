package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	names := []string{"queue_url", "region", "pollers", "wait", "tls"}
	for word, want := range map[string]string{
		"queue_urll": "queue_url", "queueurl": "queue_url", "QUEUE-URL": "queue_url", "queue": "queue_url", "url": "queue_url",
		"reigon": "region", "wiat": "wait", "poller": "pollers", "tsl": "tls", "elephant": "", "": "", "x": "",
		strings.Repeat("w", 1000): "",
	} {
		require.Equal(t, want, nearest(word, names), word)
	}
}

func TestDistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-c]{0,8}`)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := distance(a, b)
		require.Equal(t, d, distance(b, a))
		require.Equal(t, a == b, d == 0)
		require.LessOrEqual(t, d, max(len(a), len(b)))
		require.GreaterOrEqual(t, d, max(len(a), len(b))-min(len(a), len(b)))
		require.LessOrEqual(t, distance(a, b+"x"), d+1)
	})
	require.Equal(t, 1, distance("wiat", "wait"))
}

func TestWithhold(t *testing.T) {
	for _, c := range []struct{ message, value, want string }{
		{`"hunter2" is wrong`, "hunter2", `"<redacted>" is wrong`},
		{"2 is none of 1, 3, 5", "2", "<redacted> is none of 1, 3, 5"},
		{"25 is outside 1 to 256", "25", "<redacted> is outside 1 to 256"},
		{"2 2 2", "2", "<redacted> <redacted> <redacted>"},
		{"nothing here", "", "nothing here"},
		{`invalid port ":hunt" after host`, "u:hunter2", withheld},
		{"want http or https", "https://example.com", "want http or https"},
		{`got "a\"b\nc"`, "a\"b\nc", `got "<redacted>"`},
		{`"nats://u:pw@h" is wrong`, "", `"nats://<redacted>@h" is wrong`},
	} {
		require.Equal(t, c.want, withhold(c.message, []string{c.value}), c.message)
	}
}

func TestShortDurationLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := rapid.SampledFrom([]time.Duration{1, time.Millisecond, time.Second, time.Minute, time.Hour}).Draw(t, "unit")
		d := time.Duration(rapid.Int64Range(-1000, 1000).Draw(t, "n")) * unit
		back, err := time.ParseDuration(shortDuration(d))
		require.NoError(t, err)
		require.Equal(t, d, back)
	})
	require.Equal(t, "96h", shortDuration(96*time.Hour))
	require.Equal(t, "10m", shortDuration(10*time.Minute))
	require.Equal(t, "1h0m10s", shortDuration(time.Hour+10*time.Second))
}

// The place of a syntax error is found in a large file too, only less exactly, and in bounded time.
func TestSyntaxErrorInALargeFile(t *testing.T) {
	r := newReport("big.yaml")
	text := strings.Repeat("# comment\n", 20_000) + "a: b: c\n"
	require.Nil(t, parse([]byte(text), r))
	require.Equal(t, Errors{{File: "big.yaml", Line: 20_001, Column: 1, Message: r.problems[0].Message}}, r.problems)
	require.Contains(t, r.problems[0].Message, "stands where no key can be")
}

func TestFileThatIsTooLarge(t *testing.T) {
	r := newReport("big.yaml")
	require.Nil(t, parse(make([]byte, longestFile+1), r))
	require.EqualError(t, r.problems, "big.yaml:1:1: the file is larger than 1MiB")
}
