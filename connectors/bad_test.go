package connectors_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors"
	"carillon/pipeline/config"
)

// TestBadConfigurations compares what is said about each file of testdata/bad with the golden file beside it: the messages of the
// connectors themselves, and of what all of them share. Those of the loader are in pipeline/config.
func TestBadConfigurations(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 40)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".yaml"), func(t *testing.T) {
			c, err := config.Load(name, connectors.All(connectors.Options{}), nil)
			require.Nil(t, c)
			var errs config.Errors
			require.ErrorAs(t, err, &errs)
			require.NotContains(t, err.Error(), "hunter2")
			same(t, strings.TrimSuffix(name, ".yaml")+".golden", []byte(err.Error()+"\n"))
		})
	}
}
