package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRun begins with nothing, and adds, changes and removes dashboards and alerts.
func TestRun(t *testing.T) {
	from, to := filepath.Join(t.TempDir(), "dashboards"), filepath.Join(t.TempDir(), "files")
	require.NoError(t, run(from, to, true), "nothing is there yet")
	require.NoError(t, os.Mkdir(from, 0o700))
	for _, step := range []map[string]string{
		{"overview.json": "1", "alerts.yaml": "groups: []", "alerts_test.yaml": "x", "metrics.golden": "x"},
		{"overview.json": "2", "sinks.json": "3"},
		{},
	} {
		old, err := filepath.Glob(from + "/*")
		require.NoError(t, err)
		for _, path := range old {
			require.NoError(t, os.Remove(path))
		}
		want := map[string][]byte{}
		for name, text := range step {
			require.NoError(t, os.WriteFile(filepath.Join(from, name), []byte(text), 0o600))
			switch filepath.Ext(name) {
			case ".json":
				want["dashboards/"+name] = []byte(text)
			case ".yaml":
				if name == "alerts.yaml" {
					want[name] = []byte(text)
				}
			}
		}
		require.ErrorIs(t, run(from, to, true), errStale)
		require.NoError(t, run(from, to, false))
		require.NoError(t, run(from, to, true))
		have, err := chart(to)
		require.NoError(t, err)
		require.Equal(t, want, have)
	}
}

// TestChartIsUpToDate is the same as -check.
func TestChartIsUpToDate(t *testing.T) { require.NoError(t, run(from, to, true)) }
