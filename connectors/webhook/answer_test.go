package webhook

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestRead_Table is the table of codes: every status, with and without a Retry-After.
func TestRead_Table(t *testing.T) {
	type answer struct {
		outcome outcome
		class   pipeline.Class
	}
	retry, reject := answer{retried, pipeline.ClassRetry}, answer{rejected, pipeline.ClassReject}
	exceptions := map[int]answer{401: retry, 403: retry, 407: retry, 408: retry, 425: retry, 429: retry}
	for status := 100; status < 1000; status++ {
		want := retry
		switch {
		case status >= 200 && status < 300:
			_, err := read(status, "5", time.Now(), "")
			require.NoError(t, err, status)
			continue
		case status >= 300 && status < 500:
			want = reject
		}
		if exception, ok := exceptions[status]; ok {
			want = exception
		}
		got, err := read(status, "", time.Now(), "why")
		require.Equal(t, "why", pipeline.Excerpt(err))
		require.NotContains(t, err.Error(), "why")
		class, _ := pipeline.Classify(err)
		require.Equal(t, want, answer{got, class}, status)

		if status == 429 || status == 503 {
			want = answer{throttled, pipeline.ClassThrottle}
		}
		got, err = read(status, "5", time.Now(), "")
		class, wait := pipeline.Classify(err)
		require.Equal(t, want, answer{got, class}, "%d with Retry-After", status)
		require.Equal(t, class == pipeline.ClassThrottle, wait == 5*time.Second, status)
	}
}

func TestReadPause(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"0": 0, "1": time.Second, " 120 ": 2 * time.Minute, "3600": time.Hour, "3601": time.Hour, "99999999999999999999": time.Hour,
		now.Add(90 * time.Second).Format(http.TimeFormat): 90 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(48 * time.Hour).Format(http.TimeFormat):   time.Hour,
	} {
		got, ok := readPause(value, now)
		require.True(t, ok, value)
		require.Equal(t, want, got, value)
	}
	for _, value := range []string{"", "-1", "1.5", "soon", "2026-02-03T04:05:06Z"} {
		_, ok := readPause(value, now)
		require.False(t, ok, value)
	}
}
