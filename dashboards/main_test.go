package dashboards_test

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the generated files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares a file with what it has to be, or writes it.
func golden(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, want, 0o644))
		return
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "%s is not up to date: go test ./dashboards -update", path)
}
