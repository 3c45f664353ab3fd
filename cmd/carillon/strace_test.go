//go:build integration

package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// strace attaches strace to all threads of a process. The function it returns detaches it, which leaves the process as if it
// had never been there, and returns what was traced.
func strace(t *testing.T, p *process, args ...string) (detach func() string) {
	t.Helper()
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	said, err := os.Create(filepath.Join(dir, "stderr"))
	require.NoError(t, err)
	args = append([]string{"-f", "-o", trace, "-p", strconv.Itoa(p.cmd.Process.Pid)}, args...)
	cmd := exec.Command("strace", args...)
	cmd.Stderr = said
	require.NoError(t, cmd.Start(), ".ci/run installs strace")
	end := func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Signal(os.Interrupt) // It detaches; a kill would take the process along.
			_ = cmd.Wait()
		}
		_ = said.Close()
	}
	t.Cleanup(end)
	p.await(t, soon, "strace attached", func() bool {
		text, err := os.ReadFile(said.Name())
		return err == nil && strings.Contains(string(text), " attached")
	})
	return func() string {
		end()
		text, err := os.ReadFile(trace)
		require.NoError(t, err)
		return string(text)
	}
}

// oneByOne and together are how many notifications are posted one after another, and at once.
const oneByOne, together = 10, 40

// TestAcknowledgedIsOnDisk watches the system calls of the binary while notifications come to its EventBridge receiver: with
// sync: always each is written to RAW and RAW is synced before the answer 200 is written to the client's socket. With sync:
// interval none is: the check sees what is missing.
//
//testing:invariants I1 I7
func TestAcknowledgedIsOnDisk(t *testing.T) {
	t.Parallel()
	for sync, early := range map[string]int{"always": 0, "interval": oneByOne + together} {
		t.Run(sync, func(t *testing.T) {
			t.Parallel()
			addr, calls := traceOfNotifications(t, sync)
			d := judgeDurability(calls, addr, regexp.MustCompile(`mark-\d+-`))
			require.Len(t, d.answered, oneByOne+together)
			require.Len(t, d.early, early, "%s", d.early)
			for _, why := range d.early {
				require.Contains(t, why, "not synced between its write and the answer")
			}
		})
	}
}

// traceOfNotifications runs the binary and returns what it did with its files while it took notifications.
func traceOfNotifications(t *testing.T, sync string) (addr string, calls []call) {
	t.Helper()
	addr, admin := freeAddr(t), freeAddr(t)
	p := launch(t, write(t, "carillon.yaml", `
nats: {embedded: {dir: %q, sync: %s}}
stream: {max_bytes: 64MiB}
http: {listen: %q}
admin: {listen: %q}
log: {level: warn}
sources:
  eventbridge: {type: eventbridge, auth: {api_key: {header: x-api-key, value: k}}}
sinks:
  out: {type: file, path: %q}
`, t.TempDir(), sync, addr, admin, filepath.Join(t.TempDir(), "events.ndjson")), admin, nil)
	// The bodies have to be in the trace as a whole, a commit of many of them too.
	detach := strace(t, p, "-yy", "-s", strconv.Itoa(1<<20), "-e", "trace=read,write,pwrite64,fsync,fdatasync")
	client, now := &http.Client{Timeout: soon}, time.Now().UnixMilli()
	defer client.CloseIdleConnections()
	for n := range oneByOne {
		require.NoError(t, postUntilTaken(t.Context(), client, addr, notice("meeting", fmt.Sprintf("mark-%d-", n), now, 0)))
	}
	require.NoError(t, flood(t.Context(), addr, together, 0, func(n int) string { return fmt.Sprintf("meeting-mark-%d-", oneByOne+n) }))
	calls, err := parseTrace(detach())
	require.NoError(t, err)
	require.NoError(t, p.stop(t))
	return addr, calls
}
