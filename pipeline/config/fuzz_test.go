package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/config"
)

// FuzzLoad asks of any text that loading it ends in a configuration or in located problems, and that neither the problems
// nor the effective configuration contain a secret.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(f, err)
	more, err := filepath.Glob("../../configs/*.yaml")
	require.NoError(f, err)
	for _, name := range append(files, more...) {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text, "16")
	}
	f.Add([]byte("sinks: {a: {type: file, path: '${env:SECRET}'}}"), "{a: [1, *x]}")
	const secret = "q7Zk-3Vw9-hidden"
	f.Fuzz(func(t *testing.T, text []byte, variable string) {
		c, err := config.LoadBytes("f.yaml", text, factories(), []string{
			"SECRET=" + secret, "CARILLON_STREAM__PARTITIONS=" + variable, "CARILLON_SINKS__A__PATH=" + variable,
		})
		shown := ""
		if err != nil {
			var errs config.Errors
			require.ErrorAs(t, err, &errs)
			require.NotEmpty(t, errs)
			for _, e := range errs {
				require.NotEmpty(t, e.Message)
				require.Equal(t, e.Line > 0, e.Column > 0)
				require.NotContains(t, e.Error(), "\n")
			}
			shown = err.Error()
		} else {
			shown = string(c.Effective())
		}
		if !strings.Contains(string(text)+variable, secret[:6]) {
			require.NotContains(t, shown, secret)
		}
	})
}
