package ingest_test

import (
	"fmt"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/journal"
)

// at is a notification of an event that happened then.
func at(t time.Time) pipeline.Notification {
	return pipeline.Notification{Received: clock, Body: fmt.Appendf(nil, `{"version":"0","source":"aws.chime","detail-type":"Chime Meeting State Change",`+
		`"time":"2026-01-01T00:00:00Z","detail":{"eventType":"chime:AttendeeJoined","timestamp":%d,"meetingId":"m","attendeeId":"a"}}`, t.UnixMilli())}
}

func (r rig) metric(t *testing.T, name string) *dto.Metric {
	t.Helper()
	families, err := r.reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "carillon_ingest_"+name {
			return f.GetMetric()[0]
		}
	}
	require.Fail(t, "no metric "+name)
	return nil
}

// TestTimesAheadAreShown expects events from the future to be told apart from fast ones, and never to make a sum fall.
func TestTimesAheadAreShown(t *testing.T) {
	tests := []struct {
		name            string
		lag             time.Duration
		sum, ahead, far float64
	}{
		{"a moment ago", 1500 * time.Millisecond, 1.5, 0, 0},
		{"now", 0, 0, 0, 0},
		{"ahead", -2500 * time.Millisecond, 0, 1, 2.5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(newFake())
			require.NoError(t, r.Emit(t.Context(), at(clock.Add(-tt.lag))))
			lag, by := r.metric(t, "lag_seconds").GetHistogram(), r.metric(t, "ahead_seconds").GetHistogram()
			require.EqualValues(t, 1, lag.GetSampleCount())
			require.InDelta(t, tt.sum, lag.GetSampleSum(), 1e-9)
			require.InDelta(t, tt.ahead, r.metric(t, "ahead_total").GetCounter().GetValue(), 0)
			require.InDelta(t, tt.far, by.GetSampleSum(), 1e-9)
		})
	}
}

// TestLastSuccess expects it to move with everything that is taken, and with nothing else.
func TestLastSuccess(t *testing.T) {
	tests := []struct {
		name  string
		whole error
		body  string
		moves bool
	}{
		{"stored", nil, good("a", 1), true},
		{"quarantined", nil, unreadable("x"), true},
		{"filtered", nil, filtered("x"), true},
		{"the journal is full", journal.ErrFull, good("a", 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			f.whole = func() error { return tt.whole }
			r := newRig(f)
			_ = r.Emit(t.Context(), notes(tt.body)...)
			want := 0.0
			if tt.moves {
				want = float64(clock.Unix())
			}
			require.InDelta(t, want, r.metric(t, "last_success_timestamp_seconds").GetGauge().GetValue(), 0)
		})
	}
}
