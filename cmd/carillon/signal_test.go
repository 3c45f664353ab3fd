package main_test

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stopLimit is how long a stop may take with a drain of 1s: the sink is cut short after it, and a few steps follow.
const stopLimit = 8 * time.Second

// TestStopWithASinkThatDoesNotAnswer stops a router whose sink hangs, and one whose sink is down, in the middle of a flood. The
// stop is bounded and clean, and whatever was acknowledged comes out of the next life.
func TestStopWithASinkThatDoesNotAnswer(t *testing.T) {
	for name, disturb := range map[string]func(*receiver){
		"hangs":   func(r *receiver) { r.hang(true) },
		"is down": func(r *receiver) { r.refuseAll(http.StatusServiceUnavailable) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const events = 2000
			r, n, tp := fullRig(t, rigOptions{})
			disturb(r.receiver)
			done := make(chan error, 1)
			go func() {
				done <- flood(t.Context(), tp.addr, events, 0, func(n int) string { return fmt.Sprintf("meeting-%d", n%100) })
			}()
			n.await(t, soon, "events in the journal", func() bool { return messages(t, r, "CHIME_EVENTS") > 50 })
			begin := time.Now()
			require.NoError(t, n.stop(t), "exit status 0")
			require.Less(t, time.Since(begin), stopLimit)
			r.receiver.hang(false)
			r.receiver.refuseAll(0)
			r.launch(t, n)
			require.NoError(t, <-done)
			r.settle(t, n.process)
			requireEach(t, r.receiver, events)
			require.NoError(t, n.stop(t))
		})
	}
}

// TestSecondSignalEndsAtOnce sends a second SIGTERM during a long drain.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	r, n, tp := fullRig(t, rigOptions{drain: time.Minute})
	r.receiver.hang(true)
	require.NoError(t, flood(t.Context(), tp.addr, 5, 0, func(int) string { return "meeting" }))
	n.await(t, soon, "an event that is not answered", func() bool { return r.receiver.flying() == 1 })
	require.NoError(t, n.cmd.Process.Signal(syscall.SIGTERM))
	n.await(t, soon, "stopping", func() bool { return n.status("/readyz") != http.StatusOK })
	ended := make(chan error, 1)
	go func() { ended <- n.cmd.Wait() }()
	select {
	case err := <-ended:
		require.Fail(t, "the first signal waits for the drain", "%v", err)
	case <-time.After(200 * time.Millisecond):
	}
	require.NoError(t, n.cmd.Process.Signal(syscall.SIGTERM))
	ctx, cancel := context.WithTimeout(t.Context(), soon) // The drain has a minute.
	defer cancel()
	select {
	case err := <-ended:
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 1, exit.ExitCode())
	case <-ctx.Done():
		require.Fail(t, "the second signal did not end it")
	}
	r.receiver.hang(false)
	r.launch(t, n)
	r.settle(t, n.process)
	requireEach(t, r.receiver, 5)
	require.NoError(t, n.stop(t))
}
