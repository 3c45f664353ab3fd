package sequence_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/sequence"
)

// TestWhatIsHeldIsShown expects the age of a hold while it lasts, and nothing when nobody holds anything.
func TestWhatIsHeldIsShown(t *testing.T) {
	r := newRig(t, inTime(time.Hour), nil)
	l := r.sequencer()
	l.start()
	require.Zero(t, l.sum("carillon_order_oldest_held_seconds"))
	r.write(r.note("meeting", "chime:AttendeeJoined", "a", 1))
	require.Eventually(t, func() bool { return l.sum("carillon_order_oldest_held_seconds") >= 1 }, limit, 20*time.Millisecond, "a second")
	l.end()
	require.Zero(t, l.sum("carillon_order_oldest_held_seconds"))
	require.Zero(t, l.sum("carillon_order_held_events"))
}

// TestBacklogNeedsNoSequencer expects records to be shown that wait in a partition that nobody owns.
func TestBacklogNeedsNoSequencer(t *testing.T) {
	r := newRig(t, inTime(time.Hour), nil)
	feed, err := r.j.RawFeed(r.ctx, 0)
	require.NoError(t, err)
	feed.Stop()
	r.write(r.note("meeting", "chime:AttendeeJoined", "a", 1), r.note("meeting", "chime:AttendeeJoined", "b", 2))
	l := &life{r: r, reg: prometheus.NewRegistry()}
	m := sequence.NewMetrics(l.reg, []string{"queue"})
	ctx, stop := context.WithCancel(r.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		later := func() time.Time { return time.Now().Add(time.Minute) }
		m.WatchBacklog(ctx, r.j, later, slog.New(slog.DiscardHandler))
	}()
	require.Eventually(t, func() bool {
		return l.sum("carillon_sequence_backlog_records") == 2 && l.sum("carillon_sequence_backlog_age_seconds") >= 59
	}, limit, 20*time.Millisecond, "two records")
	stop()
	<-done
}
