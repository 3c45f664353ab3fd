package main_test

import (
	"encoding/json"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestHealth asks a router that does not run, one that runs, and one that stops, as a container's HEALTHCHECK does.
func TestHealth(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(freeAddr(t))
	require.NoError(t, err)
	admin := "127.0.0.1:" + port
	file := write(t, "carillon.yaml", "admin: {listen: \":%s\"}\nnats: {embedded: {dir: %q}}\nstream: {max_bytes: 64MiB}\n", port, t.TempDir())
	ask := func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), binary, append([]string{"health"}, args...)...).CombinedOutput()
		return string(out), err
	}
	out, err := ask("-c", file)
	require.Error(t, err)
	require.Contains(t, out, "http://"+admin+"/readyz: no router answers")

	p := launch(t, file, admin, nil)
	for _, args := range [][]string{{"-c", file}, {"--url", admin}, {"--url", "http://" + admin}} {
		begin := time.Now()
		out, err = ask(args...)
		require.NoError(t, err, out)
		require.Equal(t, "http://"+admin+"/readyz: ready\n", out)
		t.Logf("%v took %s", args, time.Since(begin))
	}
	out, err = ask("-c", file, "--json")
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(out)))
	require.NoError(t, p.stop(t))
	out, err = ask("--url", admin, "--json")
	require.Error(t, err)
	require.True(t, json.Valid([]byte(out)), out)

	for want, args := range map[string][]string{
		"no such file":        {"-c", "nothing.yaml"},
		"none of the others":  {"-c", file, "--url", admin},
		"is not more than 0s": {"--timeout", "0s"},
	} {
		out, err := ask(args...)
		require.Error(t, err)
		require.Contains(t, out, want)
	}
}
