//go:build integration

package journal

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// words is a log.
type words struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *words) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *words) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// left returns how many bytes the disk of dir has left.
func left(t *testing.T, dir string) int {
	t.Helper()
	var st unix.Statfs_t
	require.NoError(t, unix.Statfs(dir, &st))
	return int(st.Bavail) * int(st.Bsize)
}

// once answers the first question with first and all others with then. The disk asks one at a time.
func once(first, then func(string, *unix.Statfs_t) error) func(string, *unix.Statfs_t) error {
	return func(dir string, st *unix.Statfs_t) error {
		answer := first
		first = then
		return answer(dir, st)
	}
}

// TestStoreThatFoundNoSpace lets JetStream run into the end of a real disk, which the journal otherwise prevents: the stream is
// frozen, the journal says so, and opens the store anew when there is space. Nothing that was acknowledged is lost.
func TestStoreThatFoundNoSpace(t *testing.T) {
	s := newSetup(t)
	dir, log := s.connect.Embedded.Dir, &words{}
	require.NoError(t, unix.Mount("carillon-test", dir, "tmpfs", 0, "size=64m"), "run this as root, as .ci/run does")
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	s.connect.Embedded.Sync, s.set.Logger = SyncAlways, slog.New(slog.NewTextHandler(log, nil))
	j := s.open(t)
	before, err := j.server.current()
	require.NoError(t, err)
	ballast := filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 48<<20), 0o600))

	const size = 200_000
	j.server.setDisk(statOf(1<<40, 1<<20)) // It sees no end coming.
	var acknowledged []int
	for left(t, dir) > size {
		acknowledged = append(acknowledged, len(acknowledged))
		require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, len(acknowledged)-1, 1, size)))
	}
	for err = ErrFull; errors.Is(err, ErrFull); { // The look before the append sees space, all that follow do not.
		j.server.setDisk(once(statOf(1<<40, 1<<20), statOf(0, 1<<20)))
		err = j.AppendRaw(bounded(t), raws(j, 0, len(acknowledged), 1, size))
	}
	require.Error(t, err, "the disk has no end")
	require.Eventually(t, func() bool { return j.server.failed.Load() != nil }, patienceOfTests, probe)
	err = j.Ready(bounded(t))
	require.ErrorIs(t, err, ErrStore)
	require.ErrorIs(t, err, ErrFull)
	require.ErrorContains(t, err, "no space left on device: free some space on the disk of "+dir+", and the journal goes on by itself")

	require.NoError(t, os.Remove(ballast))
	j.server.setDisk(unix.Statfs)
	require.Eventually(t, func() bool { return j.AppendRaw(bounded(t), raws(j, 0, 999, 1, 8)) == nil }, patienceOfTests, probe)
	after, err := j.server.current()
	require.NoError(t, err)
	require.NotSame(t, before, after)
	require.Contains(t, log.String(), "there is space again: the store was opened anew")
	require.Subset(t, numbers(t, stored(t, j, PlaceRaw)), append(acknowledged, 999))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "the journal takes notifications again") }, patienceOfTests, probe)
	require.Contains(t, log.String(), "sources are pushed back: the disk is full")
}
