package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestBlocksOfTheServer expects to find the blocks where this version of the server puts them, as they become more and are purged.
func TestBlocksOfTheServer(t *testing.T) {
	j := open(t, func(s *setup) { s.connect.Embedded.Sync = SyncAlways })
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 3, 100)))
	b := blocksOf(t, j, j.names.raw())
	require.Equal(t, 1, b.last)
	for range 3 { // Blocks of at most 8 MiB.
		require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 6, 1<<20)))
	}
	newest, err := b.newest()
	require.NoError(t, err)
	require.Greater(t, newest, 1)
	require.Equal(t, newest, b.last, "the newest one is synced")
	require.NoError(t, j.streams[j.names.raw()].Purge(bounded(t)))
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 1, 100)))
	require.NoError(t, b.failed())
}

func blocksOf(t *testing.T, j *Journal, stream string) *Blocks {
	t.Helper()
	b, ok := j.server.blocks.Load(stream)
	require.True(t, ok, "nothing of %s was synced", stream)
	return b.(*Blocks)
}

// TestEveryStreamIsSynced stores something in each stream that must outlive a power loss.
func TestEveryStreamIsSynced(t *testing.T) {
	j := open(t, func(s *setup) { s.connect.Embedded.Sync = SyncAlways })
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 1, 10)))
	require.NoError(t, fence(t, j, 0).Append(bounded(t), events(j, 0, 0, 2, 10)))
	require.NoError(t, j.Quarantine(bounded(t), Quarantined{Source: "queue", Body: []byte("{")}))
	require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, 10), Sink: "hook"}))
	_, err := j.AppendLate(bounded(t), j.LateMessage(0, event(0, 3, 10), true), 0)
	require.NoError(t, err)
	_, _, err = j.OpenParked(bounded(t), "hook", 0)
	require.NoError(t, err)
	for _, stream := range []string{j.names.raw(), j.names.events(), j.names.quarantine(), j.names.dead(), j.names.late(), j.names.parkedStream()} {
		require.Positive(t, blocksOf(t, j, stream).last, stream)
	}
}

// TestNothingIsSyncedAtAnInterval leaves it to the server.
func TestNothingIsSyncedAtAnInterval(t *testing.T) {
	j := open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 1, 10)))
	_, ok := j.server.blocks.Load(j.names.raw())
	require.False(t, ok)
}

// TestWhatCannotBeSyncedIsNotStored takes the blocks away: the append fails, and so does every later one, because nobody knows
// what is there.
func TestWhatCannotBeSyncedIsNotStored(t *testing.T) {
	j := open(t, func(s *setup) { s.connect.Embedded.Sync = SyncAlways })
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 1, 10)))
	b := blocksOf(t, j, j.names.raw())
	dir := b.dir
	b.dir = filepath.Join(t.TempDir(), "elsewhere")
	err := j.AppendRaw(bounded(t), raws(j, 0, 1, 1, 10))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NotErrorIs(t, err, ErrFull)
	b.dir = dir
	require.Error(t, j.AppendRaw(bounded(t), raws(j, 0, 2, 1, 10)))
	require.ErrorContains(t, j.server.failure(), "restart carillon")
}

func TestWhole(t *testing.T) {
	be, ok := errors.AsType[*pipeline.BatchError](whole([]error{nil, ErrRefused, nil}))
	require.True(t, ok, "all others are stored")
	require.Equal(t, []pipeline.IndexError{{Index: 1, Err: ErrRefused}}, be.Failed)
	other := errors.New("other")
	for name, c := range map[string]struct {
		errs []error
		want error
	}{
		"all stored":       {[]error{nil, nil}, nil},
		"fenced":           {[]error{nil, ErrFenced}, ErrFenced},
		"none for space":   {[]error{ErrFull, ErrFull}, ErrFull},
		"one refused":      {[]error{ErrRefused}, ErrRefused},
		"a part for space": {[]error{nil, ErrFull}, errPart},
		"two reasons":      {[]error{ErrRefused, nil, ErrFull}, errPart},
		"unknown":          {[]error{other}, other},
	} {
		err := whole(c.errs)
		require.ErrorIs(t, err, c.want, name)
		require.False(t, errors.Is(c.want, errPart) && (errors.Is(err, ErrFull) || errors.Is(err, ErrRefused)), name)
	}
}
