package deliver

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestGate_TellsOfRefusals has one meeting, whose failures alone are no outage: somebody must hear of them.
func TestGate_TellsOfRefusals(t *testing.T) {
	var log bytes.Buffer
	g := newGate(newBreaker(testConfig().Retry, testConfig().Guard, func() float64 { return 0 }),
		newMetrics(prometheus.NewRegistry()), slog.New(slog.NewTextHandler(&log, nil)))
	now := time.Unix(1_700_000_000, 0)
	settle := func(err error) (reason string, lines int) {
		g.settle(now, false, []Item{{Event: pipeline.Event{Key: "m"}}}, []error{err})
		is, since, last := g.trouble()
		require.Equal(t, troubleNone, is)
		require.Zero(t, since)
		if last != nil {
			reason = last.Error()
		}
		return reason, strings.Count(log.String(), "tried again")
	}
	for _, step := range []struct {
		err    error
		pass   time.Duration
		reason string
		lines  int
	}{
		{nil, 0, "", 0},
		{errors.New("nobody is there"), 0, "nobody is there", 1},
		{errors.New("still nobody"), time.Second, "still nobody", 1},
		{pipeline.Throttle(errors.New("slowly"), 0), complainEvery, "slowly", 2},
		{nil, 0, "", 2},
		{pipeline.Reject(errors.New("never")), complainEvery, "", 2}, // The dead letter is logged.
	} {
		now = now.Add(step.pass)
		reason, lines := settle(step.err)
		require.Equal(t, step.reason, reason)
		require.Equal(t, step.lines, lines, log.String())
	}
	require.Contains(t, log.String(), "nobody is there")
	require.NotContains(t, log.String(), "still nobody")
}
