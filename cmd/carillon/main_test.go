package main_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// build compiles the command as a user would and returns the path of the binary.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "carillon")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return bin
}

// freeAddr returns a loopback address that nobody listens on right now.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, ln.Close()) }()
	return ln.Addr().String()
}

// process is a running carillon.
type process struct {
	cmd   *exec.Cmd
	admin string
	log   *os.File
}

// launch starts bin run -c file with more environment and waits until it is ready.
func launch(t *testing.T, bin, file, admin string, env []string) *process {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	require.NoError(t, err)
	p := &process{cmd: exec.Command(bin, "run", "-c", file), admin: admin, log: log}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr, p.cmd.Stdout = log, log
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	p.await(t, 20*time.Second, "ready", func() bool { return p.status("/readyz") == http.StatusOK })
	return p
}

// await polls until done is true. It fails when the time is over, showing what the process logged.
func (p *process) await(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, _ := os.ReadFile(p.log.Name())
			require.Fail(t, "not in time: "+what, "%s", text)
		}
	}
}

// status returns the HTTP status of an admin page, 0 when nobody answers.
func (p *process) status(path string) int {
	resp, err := http.Get("http://" + p.admin + path)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// kill ends the process with SIGKILL, if it still runs, and waits for it.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
	_ = p.log.Close()
}

// stop sends SIGTERM and returns how the process ended.
func (p *process) stop(t *testing.T) error {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(40 * time.Second):
		return errors.Join(errors.New("did not stop within 40s"), p.cmd.Process.Kill(), <-done)
	}
}

func write(t *testing.T, name, format string, args ...any) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, format, args...), 0o600))
	return file
}
