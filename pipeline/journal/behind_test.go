package journal

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/telemetry"
)

func TestBehind(t *testing.T) {
	j := open(t)
	none, err := j.SinkBehind(bounded(t), "out")
	require.NoError(t, err)
	require.Equal(t, make([]telemetry.Behind, 4), none, "nobody has begun to read")
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 3, 10)))
	require.NoError(t, j.EnsureSink(bounded(t), "new", Start{}))
	require.NoError(t, j.EnsureSink(bounded(t), "out", Start{Earliest: true}))
	waits := func(sink string, count, sequence uint64) {
		t.Helper()
		require.Eventually(t, func() bool {
			got, err := j.SinkBehind(bounded(t), sink)
			return err == nil && got[0].Count == count && got[1].Count == 0 && sequence == 0 == got[0].Oldest.IsZero()
		}, patienceOfTests, probe)
		if sequence == 0 {
			return
		}
		got, err := j.SinkBehind(bounded(t), sink)
		require.NoError(t, err)
		msg, err := j.streams[j.names.events()].GetMsg(bounded(t), sequence)
		require.NoError(t, err)
		require.WithinDuration(t, msg.Time, got[0].Oldest, time.Microsecond)
	}
	// The fence has sequence 1.
	waits("out", 3, 2)
	waits("new", 0, 0)
	deliverAll(t, j, "out", 0, 2)
	waits("out", 1, 4)
	deliverAll(t, j, "out", 0, 1)
	waits("out", 0, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 3, 1, 10)))
	waits("out", 1, 5)
	waits("new", 1, 5)
}

func TestRawBehind(t *testing.T) {
	j := open(t)
	feed, err := j.RawFeed(bounded(t), 0)
	require.NoError(t, err)
	defer feed.Stop()
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 3, 10)))
	msgs := next(t, feed, 3)
	require.NoError(t, feed.Ack(msgs[0].Mark))
	floorOf(t, j, j.names.raw(), rawConsumer(0), msgs[0].Sequence)
	got, err := j.RawBehind(bounded(t))
	require.NoError(t, err)
	require.EqualValues(t, 2, got[0].Count)
	require.WithinDuration(t, msgs[1].Stored, got[0].Oldest, time.Microsecond)
}

func TestFillIsTheShareOfTheLimit(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 50, 10_000)))
	_, err := j.measure(bounded(t))
	require.NoError(t, err)
	fill := testutil.ToFloat64(j.metrics.fill.WithLabelValues("raw"))
	want := testutil.ToFloat64(j.metrics.bytes.WithLabelValues("raw")) / testutil.ToFloat64(j.metrics.limit.WithLabelValues("raw"))
	require.InDelta(t, want, fill, 1e-9)
	require.Greater(t, fill, 0.02)
	require.Less(t, testutil.ToFloat64(j.metrics.fill.WithLabelValues("events")), 0.001)
}
