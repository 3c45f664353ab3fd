package main_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	appListen = flag.String("app-listen", "", "be the application of the sidecar test, at this address")
	appFile   = flag.String("app-file", "", "where the application remembers what it is done with")
)

// serveApp is a small application that a sidecar delivers to: it works on an event for a moment, remembers it in a file, and answers.
// It takes the place of the tests, in a process of its own, until it is told to stop.
func serveApp(listen, file string) int {
	memory, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		wait(r.Context(), 2*time.Millisecond)
		// One write, so that a kill leaves whole lines.
		if _, err := fmt.Fprintf(memory, "%s %s %s\n", r.Header.Get("Carillon-Key"), r.Header.Get("Carillon-Id"), r.Header.Get("Carillon-Sequence")); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	srv := &http.Server{Addr: listen, Handler: mux}
	go func() {
		<-ctx.Done()
		_ = srv.Shutdown(context.WithoutCancel(ctx))
	}()
	if err := srv.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// app is the application beside a sidecar. Its memory outlives its processes.
type app struct {
	t    *testing.T
	addr string
	file string
	cmd  *exec.Cmd
}

func newApp(t *testing.T) *app {
	t.Helper()
	a := &app{t: t, addr: freeAddr(t), file: t.TempDir() + "/done"}
	t.Cleanup(a.kill)
	return a
}

// start gives it a new life, and waits until it answers.
func (a *app) start() {
	a.t.Helper()
	self, err := os.Executable()
	require.NoError(a.t, err)
	a.cmd = exec.Command(self, "-app-listen", a.addr, "-app-file", a.file)
	a.cmd.Stderr = os.Stderr
	require.NoError(a.t, a.cmd.Start())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	require.Eventually(a.t, func() bool {
		resp, err := client.Get("http://" + a.addr + "/healthz")
		return err == nil && resp.Body.Close() == nil
	}, soon, 10*time.Millisecond)
}

func (a *app) kill() {
	if a.cmd != nil {
		_ = a.cmd.Process.Kill()
		_ = a.cmd.Wait()
		a.cmd = nil
	}
}

// done returns what it is done with, in order: meeting, identity and sequence. What was repeated is there more than once.
func (a *app) done() (all [][3]string) {
	a.t.Helper()
	f, err := os.Open(a.file)
	require.NoError(a.t, err)
	defer func() { require.NoError(a.t, f.Close()) }()
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		require.Len(a.t, fields, 3)
		all = append(all, [3]string(fields))
	}
	return all
}

// events returns how many different events it is done with.
func (a *app) events() int {
	seen := map[string]bool{}
	for _, e := range a.done() {
		seen[e[1]] = true
	}
	return len(seen)
}
