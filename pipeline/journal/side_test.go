package journal

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
)

func TestQuarantineKeepsTheWhole(t *testing.T) {
	j := open(t)
	q := Quarantined{
		Source: "topic", Reason: "not JSON\r\nat byte 3: \xff", Received: time.UnixMilli(1234), Trace: "m-1\n", Body: []byte("{\"a\x00\r\n"),
	}
	require.NoError(t, j.Quarantine(bounded(t), q))
	require.NoError(t, j.Quarantine(bounded(t), Quarantined{Source: "topic", Reason: "empty"}))
	all := stored(t, j, PlaceQuarantine)
	require.Len(t, all, 2)
	require.Equal(t, q.Body, all[0].Body)
	require.Equal(t, j.names.quarantineSubject("topic"), all[0].Subject)
	h := all[0].Header
	require.Equal(t, "topic", h.Get(HeaderSource))
	require.Equal(t, "not JSON??at byte 3: ?", h.Get(HeaderReason))
	require.Equal(t, "1234", h.Get(HeaderReceived))
	require.Equal(t, "m-1?", h.Get(HeaderTrace))
	require.Empty(t, h.Get(HeaderPart))
	require.Empty(t, all[1].Body)
	require.NotContains(t, all[1].Header, HeaderTrace)
}

func TestQuarantineInParts(t *testing.T) {
	j := open(t, maxBytes(512<<20))
	for _, size := range []int{j.MaxBody(), j.MaxBody() + 1, 2 * j.MaxBody(), 10_000_000} {
		require.NoError(t, j.streams[j.names.quarantine()].Purge(bounded(t)))
		body := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
		require.NoError(t, j.Quarantine(bounded(t), Quarantined{Source: "topic", Reason: "large", Body: body}))
		parts := stored(t, j, PlaceQuarantine)
		want := (size + j.MaxBody() - 1) / j.MaxBody()
		require.Len(t, parts, want)
		var joined []byte
		for i, p := range parts {
			joined = append(joined, p.Body...)
			if want > 1 {
				require.Equal(t, fmt.Sprintf("%d/%d", i+1, want), p.Header.Get(HeaderPart))
				require.Equal(t, parts[0].Header.Get(HeaderID), p.Header.Get(HeaderID))
				require.NotEmpty(t, p.Header.Get(HeaderID))
			}
		}
		require.True(t, bytes.Equal(body, joined), "%d bytes came back changed", size)
	}
}

func TestQuarantineIsFull(t *testing.T) {
	j := open(t, maxBytes(1<<20)) // 87 KiB for QUARANTINE.
	require.ErrorIs(t, j.Quarantine(bounded(t), Quarantined{Source: "topic", Body: make([]byte, 100_000)}), ErrFull)
	require.Empty(t, stored(t, j, PlaceQuarantine))
	require.NoError(t, j.Quarantine(bounded(t), Quarantined{Source: "topic", Body: make([]byte, 1000)}))
}

func TestDeadLetterHasOnePlace(t *testing.T) {
	j := open(t)
	d := DeadLetter{Event: *event(0, 1, 10), Sink: "hook", Reason: "410 Gone", Attempts: 1}
	d.Sequence = 77
	require.NoError(t, j.AppendDead(bounded(t), d))
	d.Attempts = 2
	require.NoError(t, j.AppendDead(bounded(t), d), "a crash between dead letter and acknowledgement")
	other := d
	other.Event = *event(0, 2, 10)
	require.NoError(t, j.AppendDead(bounded(t), other))
	d.Sink = "file"
	require.NoError(t, j.AppendDead(bounded(t), d))

	all := stored(t, j, PlaceDead)
	require.Len(t, all, 3)
	require.Equal(t, "2", all[0].Header.Get(HeaderAttempts))
	require.Equal(t, "77", all[0].Header.Get(HeaderSequence))
	require.Equal(t, "hook", all[0].Header.Get(HeaderSink))
	require.Equal(t, "410 Gone", all[0].Header.Get(HeaderReason))
	e, err := all[0].Event()
	require.NoError(t, err)
	want := *event(0, 1, 10)
	want.Sequence = all[0].Sequence
	require.Equal(t, want, e, "a redrive has all it needs")
}

func TestDeadIn(t *testing.T) {
	j := open(t, maxBytes(256<<20))
	ids, err := j.DeadIn(bounded(t), "hook", 10)
	require.NoError(t, err)
	require.Empty(t, ids)
	want := map[chime.Identity]struct{}{}
	for n := range 30 {
		e := *event(0, n, 10)
		want[e.ID] = struct{}{}
		require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: e, Sink: "hook"}))
		require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 100+n, 10), Sink: "hook-2"}))
	}
	ids, err = j.DeadIn(bounded(t), "hook", 1000)
	require.NoError(t, err)
	require.Equal(t, want, ids)
	ids, err = j.DeadIn(bounded(t), "hook", 7)
	require.NoError(t, err)
	require.Len(t, ids, 7)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 1, 10)))
}

func TestDeadLetterTooLargeIsRefused(t *testing.T) {
	j := open(t)
	require.ErrorIs(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, maxPayload), Sink: "hook"}), ErrRefused)
	require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, j.MaxBody()), Sink: "hook"}), "what RAW takes DEAD takes")
}

func TestCleanFitsAHeader(t *testing.T) {
	require.Equal(t, "a?b", clean("a\nb"))
	require.Len(t, clean(strings.Repeat("x", 500)), 200)
	require.Empty(t, clean(""))
}
