//go:build integration

package main_test

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const (
	// mostPulled is how many bytes the layers of the image may have as a registry keeps them, on top of the public base, which has less
	// than 1 MB: 40 MB together.
	mostPulled = 39_000_000
	// mostImage is the same unpacked. It is there to notice when something makes the linker keep what nobody calls, as one look-up of a
	// method by its name does: that is a fifth more.
	mostImage = 50_000_000
)

// imageUser is the user of the image, who owns nothing of it but the journal.
const imageUser = 65532

// imageConfig is what of an image's configuration runs it.
type imageConfig struct {
	User, WorkingDir, StopSignal string
	Entrypoint, Cmd              []string
	Labels                       map[string]string
	Volumes                      map[string]struct{}
	Healthcheck                  struct{ Test []string }
}

// TestImage builds the image for both kinds of machines and looks at what it holds and says.
func TestImage(t *testing.T) {
	out, err := exec.Command("go", "mod", "download").CombinedOutput() // What the build in the image may take.
	require.NoError(t, err, "%s", out)
	b := newBuilder(t)
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for arch, machine := range machines {
		root, c := b.image(arch)
		require.Equal(t, "65532:65532", c.User)
		require.Equal(t, "/var/lib/carillon", c.WorkingDir)
		require.Contains(t, c.Volumes, "/var/lib/carillon")
		require.Equal(t, []string{"/carillon"}, c.Entrypoint)
		require.Equal(t, "carillon", c.Labels["org.opencontainers.image.title"])
		require.Equal(t, "1.2.3-test", c.Labels["org.opencontainers.image.version"])
		require.Equal(t, "0123abc", c.Labels["org.opencontainers.image.revision"])
		require.NotEmpty(t, c.Labels["org.opencontainers.image.description"])
		require.Equal(t, "CMD", c.Healthcheck.Test[0], "without a shell")
		require.Equal(t, []string{"carillon"}, executables(t, root), "no shell, nothing else that runs")
		size, pulled := treeSize(t, root), packed(t, filepath.Join(root, "carillon"))
		t.Logf("%s: %d bytes, %d packed", arch, size, pulled)
		require.Less(t, size, int64(mostImage))
		require.Less(t, pulled, mostPulled)
		requireStatic(t, filepath.Join(root, "carillon"), machine)
		if arch == hostArch(t) {
			runImage(t, root, c)
		}
	}
	require.Contains(t, machines, hostArch(t), "the image was run")
}

// executables returns every file below root that somebody may execute.
func executables(t *testing.T, root string) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() && info.Mode()&0o111 != 0 {
			all = append(all, strings.TrimPrefix(path, root+"/"))
		}
		return err
	}))
	return all
}

func treeSize(t *testing.T, root string) (n int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	}))
	return n
}

// packed returns how many bytes a file has in a layer.
func packed(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err = w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Len()
}

// requireStatic expects a binary for the machine that asks for no loader and no library.
func requireStatic(t *testing.T, file string, machine elf.Machine) {
	t.Helper()
	f, err := elf.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	require.Equal(t, machine, f.Machine)
	for _, p := range f.Progs {
		require.NotEqual(t, elf.PT_INTERP, p.Type)
	}
	libraries, err := f.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
}

// cell is an image that is run as a container would: its files and nothing else, read-only, as its user, with a volume for the
// journal. It shares the network of the machine.
type cell struct {
	root   string
	config imageConfig
}

// newCell mounts the image. It needs the right to mount; see mountSmall.
func newCell(t *testing.T, image string, c imageConfig, file string) *cell {
	t.Helper()
	root := t.TempDir()
	for _, dir := range []string{"/etc/carillon", "/proc"} { // What a runtime makes before it mounts there.
		require.NoError(t, os.MkdirAll(image+dir, 0o755))
	}
	require.NoError(t, os.WriteFile(image+"/etc/carillon/carillon.yaml", []byte(file), 0o644))
	require.NoError(t, unix.Mount(image, root, "", unix.MS_BIND, ""), "run this as root, as .ci/run does")
	t.Cleanup(func() { require.NoError(t, unix.Unmount(root, unix.MNT_DETACH)) })
	require.NoError(t, unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	owner := fmt.Sprintf("uid=%d,gid=%d,mode=0700", imageUser, imageUser)
	require.NoError(t, unix.Mount("carillon-test", root+c.WorkingDir, "tmpfs", unix.MS_NOEXEC, owner))
	require.NoError(t, unix.Mount("proc", root+"/proc", "proc", 0, ""))
	require.ErrorIs(t, os.WriteFile(root+"/etc/passwd", nil, 0o600), unix.EROFS)
	return &cell{root: root, config: c}
}

// command returns a command inside, with an empty environment.
func (c *cell) command(args ...string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = c.config.WorkingDir, []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: imageUser, Gid: imageUser}}
	return cmd
}

// runImage runs what the image is for: the router as its own command line starts it, its HEALTHCHECK, SIGTERM, and the demo.
func runImage(t *testing.T, image string, config imageConfig) {
	t.Helper()
	admin := freeAddr(t)
	c := newCell(t, image, config, fmt.Sprintf("admin: {listen: %q}\nstream: {max_bytes: 64MiB}\nsources: {}\nsinks: {}\n", admin))
	out, err := c.command("/carillon", "version").CombinedOutput()
	require.NoError(t, err)
	require.Contains(t, string(out), "carillon 1.2.3-test (go")

	out, err = c.command(config.Healthcheck.Test[1:]...).CombinedOutput()
	require.Error(t, err, "nothing runs yet: %s", out)
	log, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	p := &process{cmd: c.command(append(slices.Clone(config.Entrypoint), config.Cmd...)...), admin: admin, log: log}
	p.cmd.Stderr, p.cmd.Stdout = log, log
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.kill)
	p.ready(t)
	out, err = c.command(config.Healthcheck.Test[1:]...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), ": ready\n")
	require.NoError(t, p.stop(t), "SIGTERM")
	require.DirExists(t, c.root+config.WorkingDir+"/carillon-data", "the journal is on the volume")

	// The router writes nothing but its journal; the demo has its own in a temporary directory.
	require.NoError(t, unix.Mount("carillon-test", c.root+"/tmp", "tmpfs", unix.MS_NOEXEC, "mode=1777"))
	var report struct {
		OK        bool
		Delivered int
	}
	out, err = c.command("/carillon", "demo", "--json", "--for", "3s", "--meetings", "10", "--seed", "5").Output()
	require.NoError(t, err, "%s", out)
	require.NoError(t, json.Unmarshal(out, &report))
	require.True(t, report.OK)
	require.Positive(t, report.Delivered)
	t.Logf("the demo in the image: %s", bytes.TrimSpace(out))
}
