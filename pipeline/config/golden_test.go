package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/config"
)

var update = flag.Bool("update", false, "write the golden files")

// badEnv is the environment of the configurations in testdata/bad.
var badEnv = []string{"TEXT=sqs-hunter2", "ZERO=0", "SECOND=1s"}

// TestBadConfigurations compares what is said about each file of testdata/bad with the golden file beside it.
func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 30)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			c, err := config.Load(name, factories(), badEnv)
			require.Nil(t, c)
			var errs config.Errors
			require.ErrorAs(t, err, &errs)
			require.NotContains(t, err.Error(), "hunter2")
			compare(t, strings.TrimSuffix(name, ".yaml")+".golden", err.Error()+"\n")
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(got), 0o600))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
