package journal

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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

// TestQuarantineIsRead lists, reads and drops records, whole ones and such in parts, also one of which a part is missing.
func TestQuarantineIsRead(t *testing.T) {
	j := open(t, maxBytes(512<<20))
	large := bytes.Repeat([]byte("0123456789abcdef!"), 2*j.MaxBody()/17+1)
	for i, b := range [][]byte{[]byte("first"), large, []byte("last"), large} {
		q := Quarantined{Source: "topic", Reason: fmt.Sprintf("reason %d", i), Trace: "m", Received: time.UnixMilli(int64(i)).UTC(), Body: b}
		require.NoError(t, j.Quarantine(bounded(t), q))
	}
	list := func(from uint64) (all []QuarantineRecord) {
		require.NoError(t, j.QuarantineList(bounded(t), from, func(r QuarantineRecord) error {
			all = append(all, r)
			return nil
		}))
		return all
	}
	all := list(0)
	require.Len(t, all, 4)
	for i, r := range all {
		require.Equal(t, fmt.Sprintf("reason %d", i), r.Reason)
		require.Nil(t, r.Body)
		require.Zero(t, r.Missing)
		got, ok, err := j.QuarantineAt(bounded(t), r.Place)
		require.NoError(t, err)
		require.True(t, ok)
		require.Len(t, got.Body, r.Size)
		require.Equal(t, "topic", got.Source)
		require.Equal(t, time.UnixMilli(int64(i)).UTC(), got.Received)
		if r.Size > 10 {
			require.True(t, bytes.Equal(large, got.Body))
		}
	}
	require.Equal(t, all[2:], list(all[1].Place+1), "a list that goes on shows no half of a record")
	require.NoError(t, j.remove(bounded(t), j.names.quarantine(), all[1].places[1]))
	broken := list(0)
	require.Len(t, broken, 4)
	require.Equal(t, 1, broken[3].Missing, "what is incomplete comes last")
	got, ok, err := j.QuarantineAt(bounded(t), broken[3].Place)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 1, got.Missing)
	for _, r := range broken {
		require.NoError(t, j.DropQuarantined(bounded(t), r))
		require.NoError(t, j.DropQuarantined(bounded(t), r), "twice")
		_, ok, err = j.QuarantineAt(bounded(t), r.Place)
		require.NoError(t, err)
		require.False(t, ok)
	}
	require.Empty(t, list(0))
	require.Empty(t, stored(t, j, PlaceQuarantine))
}
