package journal

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// statOf returns a stat of a disk of 64 GiB that has so much left.
func statOf(bytes, files uint64) func(string, *unix.Statfs_t) error {
	return func(_ string, st *unix.Statfs_t) error {
		*st = unix.Statfs_t{Bsize: 4096, Blocks: 64 << 30 / 4096, Bavail: bytes / 4096, Files: 1 << 20, Ffree: files}
		return nil
	}
}

func TestDiskRoom(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		bytes, files  uint64
		append, vital bool
		says          string
	}{
		{64 * mib, 64, true, true, ""},
		{64*mib - 4096, 64, false, true, "less than 64MiB left: free some"},
		{16 * mib, 64, false, true, "less than 64MiB left"},
		{16*mib - 4096, 64, false, false, "less than 64MiB left"},
		{0, 64, false, false, "less than 64MiB left"},
		{1 << 35, 63, false, false, "less than 64 more files: remove some"},
	} {
		d := &disk{dir: "/data", stat: statOf(c.bytes, c.files)}
		err := d.room(time.Now(), needAppend)
		require.Equal(t, c.append, err == nil, "%+v", c)
		require.Equal(t, c.vital, d.room(time.Now(), needVital) == nil, "%+v", c)
		if err != nil {
			require.ErrorIs(t, err, ErrFull)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, "/data")
		}
	}
}

func TestDiskIsAskedNowAndThen(t *testing.T) {
	asked, now := 0, time.Now()
	left := statOf(0, 64)
	d := &disk{stat: func(dir string, st *unix.Statfs_t) error {
		asked++
		return left(dir, st)
	}}
	require.ErrorIs(t, d.room(now, needAppend), ErrFull)
	left = statOf(1<<30, 64)
	require.ErrorIs(t, d.room(now.Add(diskEvery-1), needAppend), ErrFull)
	require.Equal(t, 1, asked)
	require.NoError(t, d.room(now.Add(diskEvery), needAppend))
	left = func(string, *unix.Statfs_t) error { return unix.ENOSYS }
	require.NoError(t, d.room(now.Add(2*diskEvery), needAppend), "a disk that cannot be asked is not known to be full")
}

// TestFullDiskRefusesEveryAppend expects a definite refusal of whatever would be written, before the server sees it.
func TestFullDiskRefusesEveryAppend(t *testing.T) {
	j := open(t)
	f := fence(t, j, 0)
	dead := DeadLetter{Event: *event(0, 1, 8), Sink: "out"}
	late := j.LateMessage(0, event(0, 2, 8), true)
	appends := map[string]func() error{
		"raw":        func() error { return j.AppendRaw(bounded(t), raws(j, 0, 1, 1, 8)) },
		"quarantine": func() error { return j.Quarantine(bounded(t), Quarantined{Source: "queue", Body: body(1, 8)}) },
		"events":     func() error { return f.Append(bounded(t), events(j, 0, 1, 2, 8)) },
		"dead":       func() error { return j.AppendDead(bounded(t), dead) },
		"late":       func() error { _, err := j.AppendLate(bounded(t), late, 0); return err },
	}
	vital := map[string]func() error{
		"fence": func() error { return f.Renew(bounded(t)) },
		"purge": func() error { return j.purge(bounded(t), j.names.raw(), "raw", 1) },
	}
	try := func(writes map[string]func() error, refused bool) {
		for name, write := range writes {
			err := write()
			require.Equal(t, refused, errors.Is(err, ErrFull), "%s: %v", name, err)
			require.Equal(t, refused, err != nil, "%s: %v", name, err)
		}
	}
	j.server.setDisk(statOf(32<<20, 64))
	try(appends, true)
	try(vital, false)
	require.ErrorIs(t, j.Ready(bounded(t)), ErrFull)
	j.server.setDisk(statOf(8<<20, 64))
	try(vital, true)
	require.Empty(t, stored(t, j, PlaceRaw))
	j.server.setDisk(unix.Statfs)
	try(appends, false)
	require.NoError(t, j.Ready(bounded(t)))
}

// setDisk changes what the disk says from now on.
func (e *embedded) setDisk(stat func(string, *unix.Statfs_t) error) {
	e.disk.mu.Lock()
	defer e.disk.mu.Unlock()
	e.disk.stat, e.disk.asked = stat, time.Time{}
}

func TestFailedStoreRefusesEveryWrite(t *testing.T) {
	j := &Journal{server: &embedded{disk: &disk{stat: unix.Statfs, dir: t.TempDir()}}}
	require.NoError(t, j.writable(needAppend))
	failed := fmt.Errorf("%w: input/output error", ErrStore)
	j.server.failed.Store(&failed)
	require.ErrorIs(t, j.writable(needAppend), ErrStore)
	require.ErrorIs(t, j.writable(needVital), ErrStore)
	require.NoError(t, (&Journal{}).writable(needAppend), "a cluster is asked itself")
}

// TestServerIsReplaced: what is stored is there again, feeds go on, and the directory stays locked.
func TestServerIsReplaced(t *testing.T) {
	s := newSetup(t)
	j := s.open(t)
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 1, 3, 8)))
	feed, err := j.RawFeed(bounded(t), 0)
	require.NoError(t, err)
	defer feed.Stop()
	require.Len(t, next(t, feed, 3), 3)

	before, err := j.server.current()
	require.NoError(t, err)
	require.NoError(t, j.server.restart())
	after, err := j.server.current()
	require.NoError(t, err)
	require.NotSame(t, before, after)
	_, err = Open(t.Context(), s.connect, s.stream, s.again().set)
	require.ErrorIs(t, err, ErrInUse)
	require.Eventually(t, func() bool { return j.AppendRaw(bounded(t), raws(j, 0, 4, 1, 8)) == nil }, patienceOfTests, probe)
	require.Equal(t, count(1, 4), numbers(t, stored(t, j, PlaceRaw)))
	require.Equal(t, []int{4}, numbers(t, next(t, feed, 1)))
}

// TestJetStreamThatCannotStartSaysWhy, at once.
func TestJetStreamThatCannotStartSaysWhy(t *testing.T) {
	s := newSetup(t)
	require.NoError(t, unix.Mkfifo(s.connect.Embedded.Dir+"/jetstream", 0o600))
	_, err := Open(bounded(t), s.connect, s.stream, s.set)
	require.ErrorContains(t, err, "Can't start JetStream: ")
	require.ErrorContains(t, err, s.connect.Embedded.Dir)
}
