//go:build integration

package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// builder builds images with buildah, in a store of its own, from the machine's Go and modules and nothing from elsewhere.
type builder struct {
	t      *testing.T
	dir    string
	global []string
}

func newBuilder(t *testing.T) *builder {
	t.Helper()
	b := &builder{t: t, dir: t.TempDir()}
	policy := filepath.Join(b.dir, "policy.json")
	require.NoError(t, os.WriteFile(policy, []byte(`{"default":[{"type":"insecureAcceptAnything"}]}`), 0o600))
	// vfs needs no overlay of an overlay, and so works inside a container, too.
	b.global = []string{"--root", b.dir + "/root", "--runroot", b.dir + "/run", "--storage-driver", "vfs"}
	t.Cleanup(func() { b.buildah("rm", "--all") })
	return b
}

// buildah runs a command and returns what it prints on standard output.
func (b *builder) buildah(args ...string) string {
	b.t.Helper()
	cmd := exec.Command("buildah", append(slices.Clone(b.global), args...)...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	require.NoError(b.t, cmd.Run(), "buildah %v: %s\n%s", args, &problems, &out)
	return strings.TrimSpace(out.String())
}

// build builds an image. HEALTHCHECK is part of Docker's format alone.
func (b *builder) build(name, arch, dockerfile, context string, args ...string) {
	b.t.Helper()
	all := []string{
		"bud", "--isolation", "chroot", "--pull=never", "--format", "docker", "--layers=false", "--signature-policy", b.dir + "/policy.json",
		"--platform", "linux/" + arch, "--tag", name, "--file", dockerfile,
	}
	b.buildah(append(append(all, args...), context)...)
}

// bases makes the two base images for a machine. This version of buildah looks for the builder among the images for that machine,
// whatever FROM --platform says; it runs on this one all the same.
func (b *builder) bases(arch string) {
	b.t.Helper()
	root := filepath.Join(b.dir, "builder-"+arch)
	for _, dir := range []string{"bin", "root", "tmp", "modules", "usr/local/go"} {
		require.NoError(b.t, os.MkdirAll(filepath.Join(root, "rootfs", dir), 0o755))
	}
	busybox, err := os.ReadFile("/bin/busybox")
	require.NoError(b.t, err, "install busybox-static, as .ci/run does")
	for _, name := range []string{"sh", "mkdir"} {
		require.NoError(b.t, os.WriteFile(filepath.Join(root, "rootfs/bin", name), busybox, 0o755))
	}
	b.build("localhost/builder-"+arch, arch, "testdata/image/builder.Dockerfile", root)

	base := filepath.Join(b.dir, "base-"+arch)
	require.NoError(b.t, os.MkdirAll(filepath.Join(base, "rootfs/etc"), 0o755))
	require.NoError(b.t, os.Mkdir(filepath.Join(base, "rootfs/tmp"), 0o755))
	users := "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
	require.NoError(b.t, os.WriteFile(filepath.Join(base, "rootfs/etc/passwd"), []byte(users), 0o644))
	b.build("localhost/base-"+arch, arch, "testdata/image/base.Dockerfile", base)
}

func hostArch(t *testing.T) string {
	t.Helper()
	return goEnv(t, "GOHOSTARCH")
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// image builds the Dockerfile at the top for a machine and returns its files and its configuration.
func (b *builder) image(arch string) (root string, c imageConfig) {
	b.t.Helper()
	b.bases(arch)
	name := "localhost/carillon-" + arch
	b.build(name, arch, "../../Dockerfile", "../..",
		"--build-arg", "BUILDER=localhost/builder-"+arch, "--build-arg", "BASE=localhost/base-"+arch,
		"--build-arg", "VERSION=1.2.3-test", "--build-arg", "REVISION=0123abc",
		"--volume", goEnv(b.t, "GOROOT")+":/usr/local/go:ro", "--volume", goEnv(b.t, "GOMODCACHE")+"/cache/download:/modules:ro",
		"--volume", goEnv(b.t, "GOCACHE")+":/root/.cache/go-build")
	var inspected struct {
		Docker struct{ Config imageConfig }
	}
	require.NoError(b.t, json.Unmarshal([]byte(b.buildah("inspect", "--type", "image", name)), &inspected))
	container := b.buildah("from", "--pull-never", "--signature-policy", b.dir+"/policy.json", name)
	return b.buildah("mount", container), inspected.Docker.Config
}
