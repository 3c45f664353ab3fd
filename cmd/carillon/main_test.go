package main_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline/pipelinetest"
)

// binary is the command as a user would build it.
var binary string // built once for all tests

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	if flag.Parse(); *stockInto != "" {
		return keepStock(*stockInto, *stockSize)
	}
	if *appListen != "" {
		return serveApp(*appListen, *appFile)
	}
	dir, err := os.MkdirTemp("", "carillon-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "carillon")
	if out, err := exec.CommandContext(context.Background(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(halfWritten()...); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// halfWritten are what a NATS server of a test leaves behind that is stopped while an atomic batch comes in: the store of that
// batch stays open. Routers are processes of their own here, so nothing of them can be meant.
func halfWritten() []goleak.Option {
	const server = "github.com/nats-io/nats-server/v2/server"
	var all []goleak.Option
	for _, f := range []string{".(*fileStore).flushStreamStateLoop", ".(*msgBlock).flushLoop", "/ats.Register.func1"} {
		all = append(all, goleak.IgnoreTopFunction(server+f))
	}
	return all
}

// freeAddr returns a loopback address that nobody listens on right now.
func freeAddr(t *testing.T) string {
	t.Helper()
	return pipelinetest.FreeAddr(t)
}

// process is a running carillon.
type process struct {
	cmd   *exec.Cmd
	admin string
	log   *os.File
}

// start runs command, which is or becomes carillon with an admin listener at admin, with more environment.
func start(t *testing.T, admin string, env []string, command ...string) *process {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(t.TempDir(), "stderr"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	require.NoError(t, err)
	p := &process{cmd: exec.Command(command[0], command[1:]...), admin: admin, log: log}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr, p.cmd.Stdout = log, log
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	return p
}

// launch starts the binary with a configuration and waits until it is ready.
func launch(t *testing.T, file, admin string, env []string) *process {
	t.Helper()
	p := start(t, admin, env, binary, "run", "-c", file)
	p.ready(t)
	return p
}

// ready waits until the process says that it is.
func (p *process) ready(t *testing.T) {
	t.Helper()
	p.await(t, 20*time.Second, "ready", func() bool { return p.status("/readyz") == http.StatusOK })
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

// residentBytes returns how much memory the process holds right now, as Linux tells it.
func residentBytes(t *testing.T, p *node) int64 {
	t.Helper()
	return memoryOf(t, p.process, "VmRSS:")
}

// memoryOf returns one line of what Linux tells of the memory of a process: VmRSS is all that is resident, RssAnon what of it is the
// process's own and no page of a file.
func memoryOf(t *testing.T, p *process, line string) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), line)
	require.True(t, found)
	var kib int64
	_, err = fmt.Sscanf(rest, "%d kB", &kib)
	require.NoError(t, err)
	return kib << 10
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
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
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
