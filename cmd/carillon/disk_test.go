//go:build integration

package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"carillon/pipeline/journal"
)

// mountSmall puts a file system of its own, of so many MiB, at dir. It needs the right to mount, which .ci/run has; what a test
// leaves behind when it is killed ends with the mount namespace that .ci/run gives it.
func mountSmall(t *testing.T, dir string, mib int) {
	t.Helper()
	require.NoError(t, unix.Mount("carillon-test", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", mib)), "run this as root, as .ci/run does")
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
}

// fill takes all that is left of the disk of dir, most of it at one blow and then to the last byte; the function it returns
// gives it back.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "ballast"))
	require.NoError(t, err)
	var st unix.Statfs_t
	require.NoError(t, unix.Statfs(dir, &st))
	err = unix.Fallocate(int(f.Fd()), 0, 0, int64(st.Bavail)*st.Bsize)
	require.True(t, err == nil || errors.Is(err, unix.ENOSPC), "%v", err) // The router may have been faster.
	_, err = f.Seek(0, io.SeekEnd)
	for page := make([]byte, 4096); err == nil; {
		_, err = f.Write(page)
	}
	require.ErrorIs(t, err, unix.ENOSPC)
	return func() {
		require.NoError(t, f.Close())
		require.NoError(t, os.Remove(f.Name()))
	}
}

// problem returns what /readyz says of the journal; empty when the router is ready.
func problem(t *testing.T, n *node) string {
	t.Helper()
	resp, err := http.Get("http://" + n.admin + "/readyz")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Problems map[string]string }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	require.Equal(t, len(answer.Problems) == 0, resp.StatusCode == http.StatusOK)
	return answer.Problems["journal"]
}

// logged returns what the process has logged so far.
func (p *process) logged(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.log.Name())
	require.NoError(t, err)
	return string(text)
}

// smallRig is a running router whose journal has a disk of 128 MiB to itself, behind a tap and connected to all paths.
func smallRig(t *testing.T) (*rig, *node, *tap) {
	t.Helper()
	r := newRig(t, newReceiver().hurry(), rigOptions{maxBytes: "48MiB"})
	mountSmall(t, r.dir, 128)
	n := r.nodes[0]
	r.launch(t, n)
	tp := newTap(t, n.http)
	r.connect(t, tp.addr)
	n.await(t, soon, "subscription confirmed", func() bool { return r.aws.Stats().SNS.Delivered == 1 && r.aws.Stats().Backlog == 0 })
	return r, n, tp
}

// three returns bodies for every path, of one meeting.
func three(meeting string) [3]string {
	now := time.Now().UnixMilli()
	return [3]string{notice(meeting, "a", now, 0), notice(meeting, "b", now+1, 0), notice(meeting, "c", now+2, 0)}
}

// TestDiskFull takes the last byte of the disk away. Every path is pushed back and /readyz says what to do; when there is room
// again everything goes through, without a restart.
//
//testing:invariants I1 I6 I7
func TestDiskFull(t *testing.T) {
	t.Parallel()
	r, n, tp := smallRig(t)
	everyPath(t, r, three("before"), tp)
	n.await(t, soon, "events at the sink", func() bool { return r.receiver.count() == 3 })
	r.settle(t, n.process)

	free := fill(t, r.dir)
	n.await(t, soon, "not ready", func() bool { return n.status("/readyz") == http.StatusServiceUnavailable })
	require.Contains(t, problem(t, n), "the disk of "+r.dir+" has less than 8MiB left: free some, and the journal goes on by itself")
	everyPath(t, r, three("during"), tp)
	pushedBack(t, r, n, tp)
	require.Equal(t, 3, r.receiver.count())

	free()
	n.await(t, soon, "ready again", func() bool { return n.status("/readyz") == http.StatusOK })
	n.await(t, soon, "all events at the sink", func() bool { return r.receiver.count() == 6 })
	r.settle(t, n.process)
	require.NoError(t, n.stop(t))
	r.requireOnce(t, 6)
}

// TestDiskFullAcrossALife kills the router while the disk is full, starts it on the full disk, stops it as an operator does,
// and starts it again when there is room.
//
//testing:invariants I1 I7
func TestDiskFullAcrossALife(t *testing.T) {
	t.Parallel()
	const events = 200
	r, n, tp := smallRig(t)
	require.NoError(t, flood(t.Context(), tp.addr, events, 500, func(i int) string { return fmt.Sprintf("meeting-%d", i%10) }))
	free := fill(t, r.dir)
	n.kill()
	n.process = start(t, n.admin, r.env, binary, "run", "-c", n.file)
	n.await(t, soon, "an answer", func() bool {
		return n.status("/readyz") == http.StatusServiceUnavailable && n.status("/healthz") == http.StatusOK
	})
	n.await(t, soon, "the reason", func() bool {
		return strings.Contains(problem(t, n), "left: free some, and the journal goes on by itself")
	})
	begin := time.Now()
	require.NoError(t, n.stop(t))
	require.Less(t, time.Since(begin), stopLimit)
	free()
	r.launch(t, n)
	r.settle(t, n.process)
	require.NoError(t, n.stop(t))
	r.requireOnce(t, events)
}

// requireOnce expects the journal of a router that is stopped to hold so many events, each once, and the sink to have them.
func (r *rig) requireOnce(t *testing.T, events int) {
	t.Helper()
	j := r.open(t)
	defer func() { require.NoError(t, j.Close()) }()
	raw, kept := scan(t, j, journal.PlaceRaw), scan(t, j, journal.PlaceEvents)
	auditOnce(t, raw, kept)
	require.Len(t, kept, events)
	requireEach(t, r.receiver, events)
}

// TestDiskFillsUnderLoad takes the disk away at one blow, again and again, while events come over three paths. Whatever was
// being written at that moment, the truth comes out.
//
//testing:invariants I1 I2 I3 I4 I5 I6 I7 I8
func TestDiskFillsUnderLoad(t *testing.T) {
	t.Parallel()
	const times = 3
	r, n, tp := smallRig(t)
	f := startFeed(t, rand.Uint64(), 2, r.send)
	for i := range times {
		seen := r.receiver.count()
		n.await(t, soon, "deliveries", func() bool { return r.receiver.count() > seen+100 })
		refused := [2]int{tp.refused("/sns"), tp.refused("/eventbridge")}
		free := fill(t, r.dir)
		n.await(t, soon, "refusals", func() bool {
			return tp.refused("/sns") > refused[0] && tp.refused("/eventbridge") > refused[1] && n.status("/readyz") == http.StatusServiceUnavailable
		})
		t.Logf("full %d: %s", i+1, problem(t, n))
		free()
		n.await(t, soon, "ready again", func() bool { return n.status("/readyz") == http.StatusOK })
	}
	rounds := f.end(t)
	r.settle(t, n.process)
	t.Logf("the store was opened again %d times", strings.Count(n.logged(t), "the store was opened anew"))
	require.NoError(t, n.stop(t))
	r.auditJournal(t, rounds)
}
