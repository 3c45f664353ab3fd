package journal

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// parkedLanes opens the parked lanes of a sink in partition p.
func parkedLanes(t *testing.T, j *Journal, sink string, p int) (*Parked, map[string]uint64) {
	t.Helper()
	k, lanes, err := j.OpenParked(bounded(t), sink, p)
	require.NoError(t, err)
	return k, lanes
}

// TestParkedLanesOutliveTheProcess stores, moves and ends the parking of lanes, and expects each sink and partition to find its
// own after a restart.
func TestParkedLanesOutliveTheProcess(t *testing.T) {
	s := newSetup(t)
	j := s.open(t)
	hook, lanes := parkedLanes(t, j, "hook", 0)
	require.Empty(t, lanes)
	require.NoError(t, hook.Park(bounded(t), "a", 3))
	require.NoError(t, hook.Park(bounded(t), "b", 4))
	require.NoError(t, hook.Park(bounded(t), "c", 5))
	require.NoError(t, hook.Progress(bounded(t), "a", 30))
	require.NoError(t, hook.Unpark(bounded(t), "b"))
	other, _ := parkedLanes(t, j, "hook", 1)
	require.NoError(t, other.Park(bounded(t), "a", 7))
	file, _ := parkedLanes(t, j, "file", 0)
	require.NoError(t, file.Park(bounded(t), "a", 8))
	require.NoError(t, j.Close())

	j = s.again().open(t)
	_, lanes = parkedLanes(t, j, "hook", 0)
	require.Equal(t, map[string]uint64{"a": 30, "c": 5}, lanes)
	_, lanes = parkedLanes(t, j, "hook", 1)
	require.Equal(t, map[string]uint64{"a": 7}, lanes)
	_, lanes = parkedLanes(t, j, "file", 0)
	require.Equal(t, map[string]uint64{"a": 8}, lanes)
	_, lanes = parkedLanes(t, j, "file", 1)
	require.Empty(t, lanes)
}

// TestManyParkedLanes has more of them than one read fetches.
func TestManyParkedLanes(t *testing.T) {
	j := open(t)
	k, _ := parkedLanes(t, j, "hook", 0)
	want := map[string]uint64{}
	for i := range parkedPage + 200 {
		key := fmt.Sprintf("meeting-%d", i)
		want[key] = uint64(i + 1)
		require.NoError(t, k.Progress(bounded(t), key, uint64(i+1)))
	}
	_, lanes := parkedLanes(t, j, "hook", 0)
	require.Equal(t, want, lanes)
}

// TestFormerOwnerOfParkedLanes expects it to change nothing any more.
func TestFormerOwnerOfParkedLanes(t *testing.T) {
	j := open(t)
	former, _ := parkedLanes(t, j, "hook", 0)
	require.NoError(t, former.Park(bounded(t), "a", 3))
	owner, lanes := parkedLanes(t, j, "hook", 0)
	require.Equal(t, map[string]uint64{"a": 3}, lanes)
	require.ErrorIs(t, former.Park(bounded(t), "b", 4), ErrFenced)
	require.ErrorIs(t, former.Progress(bounded(t), "a", 5), ErrFenced)
	require.ErrorIs(t, former.Unpark(bounded(t), "a"), ErrFenced)
	require.NoError(t, owner.Progress(bounded(t), "a", 4))
	_, lanes = parkedLanes(t, j, "hook", 0)
	require.Equal(t, map[string]uint64{"a": 4}, lanes)
}

// TestRoomForParkedLanes parks until there is no room, and expects progress and the end of parking to go through all the same.
func TestRoomForParkedLanes(t *testing.T) {
	j := open(t)
	k, _ := parkedLanes(t, j, "hook", 0)
	limit := int64(parkedBytes(j.stream))
	n := 0
	for ; ; n++ {
		err := k.Park(bounded(t), longKey(n), 1)
		if err != nil {
			require.ErrorIs(t, err, ErrFull)
			break
		}
		require.Less(t, int64(n), limit/100)
	}
	require.Greater(t, int64(n), limit/2/500, "a lane takes more than 500 bytes")
	again, lanes := parkedLanes(t, j, "hook", 0)
	require.Len(t, lanes, n)
	for i := range n {
		require.NoError(t, again.Unpark(bounded(t), longKey(i)))
	}
	_, lanes = parkedLanes(t, j, "hook", 0)
	require.Empty(t, lanes)
}

func longKey(n int) string { return fmt.Sprintf("%060d", n) }

// TestMarkersExpire expects the server to know how long the marker of a lane that is parked no more has to stay.
func TestMarkersExpire(t *testing.T) {
	j := open(t)
	k, _ := parkedLanes(t, j, "hook", 0)
	require.NoError(t, k.Park(bounded(t), "a", 1))
	require.NoError(t, k.Unpark(bounded(t), "a"))
	s := j.streams[j.names.parkedStream()]
	require.True(t, s.CachedInfo().Config.AllowMsgTTL)
	m, err := s.GetLastMsgForSubject(bounded(t), j.names.parkedSubject("hook", 0, "a"))
	require.NoError(t, err)
	life, err := time.ParseDuration(m.Header.Get(jetstream.MsgTTLHeader))
	require.NoError(t, err)
	require.Equal(t, markerLife, life)
}

// TestForeignParkedLane expects what is no sequence to be named.
func TestForeignParkedLane(t *testing.T) {
	j := open(t)
	_, err := j.js.Publish(bounded(t), j.names.parkedSubject("hook", 0, "odd"), []byte("seven"))
	require.NoError(t, err)
	_, _, err = j.OpenParked(bounded(t), "hook", 0)
	require.ErrorContains(t, err, "$KV.CHIME_PARKED.hook.0.lane.odd holds no sequence")
	require.NotContains(t, err.Error(), "seven")
}

// TestReadMeeting expects the messages of one meeting in order, in pages of a count and of about so many bytes.
func TestReadMeeting(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	for i := range 20 {
		require.NoError(t, f.Append(bounded(t), events(j, 0, i, 1, 100)))
		other := event(0, 100+i, 100)
		other.Key = key(0, 1)
		require.NoError(t, f.Append(bounded(t), events(j, 1, 200+i, 1, 100)))
		m := j.EventMessage(0, other)
		require.NoError(t, f.Append(bounded(t), append(events(j, 2, 300+i, 1, 100), m)))
	}
	read := func(from uint64, limit int) []Message {
		page, err := j.ReadMeeting(bounded(t), 0, key(0, 0), from, limit)
		require.NoError(t, err)
		return page
	}
	all := read(0, 100)
	require.Equal(t, count(0, 20), numbers(t, all))
	require.Equal(t, body(7, 100), all[7].Body)
	e, err := all[7].Event()
	require.NoError(t, err)
	require.Equal(t, all[7].Sequence, e.Sequence)
	require.Equal(t, count(0, 6), numbers(t, read(1, 6)))
	require.Equal(t, count(7, 6), numbers(t, read(all[7].Sequence, 6)))
	require.Equal(t, count(8, 12), numbers(t, read(all[7].Sequence+1, 100)))
	require.Empty(t, read(all[19].Sequence+1, 100))
	page, err := j.ReadMeeting(bounded(t), 0, "nobody", 1, 10)
	require.NoError(t, err)
	require.Empty(t, page)
}

// TestReadMeetingIsBounded has bodies of which one page holds a few, and one that is larger than a page.
func TestReadMeetingIsBounded(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 8, meetingBytes/4)))
	require.NoError(t, f.Append(bounded(t), events(j, 0, 8, 1, 3*meetingBytes)))
	next := uint64(1)
	for want := 0; want < 9; {
		page, err := j.ReadMeeting(bounded(t), 0, key(0, 0), next, 100)
		require.NoError(t, err)
		require.NotEmpty(t, page)
		require.LessOrEqual(t, len(page), 5)
		require.Equal(t, count(want, len(page)), numbers(t, page))
		want += len(page)
		next = page[len(page)-1].Sequence + 1
	}
}

// TestEventsThatAParkedLaneNeedsStay parks at different places in two sinks which have passed everything.
func TestEventsThatAParkedLaneNeedsStay(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	require.NoError(t, j.EnsureSink(bounded(t), "hook", Start{Earliest: true}))
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 10, 10)))
	require.NoError(t, f.Renew(bounded(t)))
	all := stored(t, j, PlaceEvents)
	hook, _ := parkedLanes(t, j, "hook", 0)
	file, _ := parkedLanes(t, j, "file", 3)
	require.NoError(t, hook.Park(bounded(t), "a", all[4].Sequence))
	require.NoError(t, file.Park(bounded(t), "b", all[7].Sequence))
	deliverAll(t, j, "hook", 0, 10)

	purgeAt(t, j, later())
	require.Equal(t, count(4, 6), numbers(t, stored(t, j, PlaceEvents)))
	require.NoError(t, hook.Progress(bounded(t), "a", all[5].Sequence))
	purgeAt(t, j, later())
	require.Equal(t, count(5, 5), numbers(t, stored(t, j, PlaceEvents)))
	require.NoError(t, hook.Unpark(bounded(t), "a"))
	purgeAt(t, j, later())
	require.Equal(t, count(7, 3), numbers(t, stored(t, j, PlaceEvents)))
	require.NoError(t, file.Unpark(bounded(t), "b"))
	purgeAt(t, j, later())
	require.Empty(t, stored(t, j, PlaceEvents))
}

// TestPurgeForSpaceAsksParkedLanes fills EVENTS and expects a purge for space to stop at what a parked lane needs.
func TestPurgeForSpaceAsksParkedLanes(t *testing.T) {
	j := open(t, maxBytes(pipeline.MiB))
	f := fence(t, j, 0)
	free := guard(t, j)
	n := fill(t, j, f)
	all := stored(t, j, PlaceEvents)
	k, _ := parkedLanes(t, j, "hook", 0)
	require.NoError(t, k.Park(bounded(t), "a", all[3].Sequence))
	free()
	for range 3 {
		purgeAt(t, j, time.Time{})
	}
	require.Equal(t, count(3, n-3), numbers(t, stored(t, j, PlaceEvents)))
	require.NoError(t, k.Unpark(bounded(t), "a"))
	purgeAt(t, j, time.Time{})
	require.Less(t, len(stored(t, j, PlaceEvents)), n-3)
}

// TestSinkFloor expects the floor that a feed begins after.
func TestSinkFloor(t *testing.T) {
	j := open(t)
	_, err := j.SinkFloor(bounded(t), "hook", 0)
	require.ErrorIs(t, err, jetstream.ErrConsumerNotFound)
	require.NoError(t, j.EnsureSink(bounded(t), "hook", Start{Earliest: true}))
	f := fence(t, j, 0)
	require.NoError(t, f.Append(bounded(t), events(j, 0, 0, 5, 10)))
	deliverAll(t, j, "hook", 0, 3)
	floor, err := j.SinkFloor(bounded(t), "hook", 0)
	require.NoError(t, err)
	feed, err := j.SinkFeed(bounded(t), "hook", 0, Start{Earliest: true})
	require.NoError(t, err)
	defer feed.Stop()
	require.Equal(t, floor+1, next(t, feed, 1)[0].Sequence)
	require.NoError(t, j.EnsureSink(bounded(t), "late", Start{}))
	floor, err = j.SinkFloor(bounded(t), "late", 0)
	require.NoError(t, err)
	require.Equal(t, state(t, j, j.names.events()).LastSeq, floor)
}
