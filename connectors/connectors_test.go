package connectors_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors"
	"carillon/connectors/stdout"
	"carillon/pipeline"
	"carillon/pipeline/config"
	"carillon/pipeline/deliver"
)

// shipped loads a file of configs/ as the binary does, with every secret that it refers to.
func shipped(t *testing.T, name string) *config.Config {
	t.Helper()
	secrets := t.TempDir() + "/"
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	for _, part := range strings.Split(string(text), "${file:/run/secrets/")[1:] {
		secret, _, _ := strings.Cut(part, "}")
		require.NoError(t, os.WriteFile(secrets+secret, []byte("secret-1\n"), 0o600))
	}
	text = []byte(strings.ReplaceAll(string(text), "/run/secrets/", secrets))
	c, err := config.LoadBytes(name, text, connectors.All(connectors.Options{}), []string{"EVENTBRIDGE_KEY=key-1"})
	require.NoError(t, err)
	return c
}

// modeline leads editors to the schema, and tells a configuration of a router from other files of configs/.
const modeline = "# yaml-language-server: $schema=schema.json\n"

// configurations returns the files of configs/ that are the configuration of a router. What is no configuration has to be known.
func configurations(t *testing.T) []string {
	t.Helper()
	others := []string{"reference.md", "schema.json", "compose.yaml", "sidecar-kubernetes.yaml", "helm"}
	files, err := os.ReadDir("../configs")
	require.NoError(t, err)
	var out []string
	for _, f := range files {
		if slices.Contains(others, f.Name()) {
			continue
		}
		require.True(t, f.Type().IsRegular(), "configs/%s: a folder belongs to the others here", f.Name())
		text, err := os.ReadFile(filepath.Join("../configs", f.Name()))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), modeline),
			"configs/%s: a configuration begins with %q; anything else belongs to the others here", f.Name(), modeline)
		out = append(out, "../configs/"+f.Name())
	}
	require.Subset(t, out, []string{"../configs/quickstart.yaml", "../configs/router.yaml", "../configs/sidecar.yaml"})
	return out
}

func TestEveryShippedFileLoads(t *testing.T) {
	for _, name := range configurations(t) {
		c := shipped(t, name)
		require.NotEmpty(t, c.Sources, name)
		require.NotEmpty(t, c.Sinks, name)
	}
}

func TestQuickstart_WritesToStandardOutput(t *testing.T) {
	c := shipped(t, "../configs/quickstart.yaml")
	require.Len(t, c.Sinks, 1)
	want := stdout.DefaultConfig()
	require.Equal(t, &want, c.Sinks[0].Config)
	require.Equal(t, deliver.StartEarliest, c.Sinks[0].Deliver.Start)
}

// TestAll_TypesAreDifferentAndConfigsNew holds the list to the contract of a factory.
func TestAll_TypesAreDifferentAndConfigsNew(t *testing.T) {
	all := connectors.All(connectors.Options{})
	configs := map[string][]func() pipeline.Config{}
	for _, f := range all.Sinks {
		configs["sink "+f.Type] = append(configs["sink "+f.Type], f.Config)
	}
	for _, f := range all.Sources {
		configs["source "+f.Type] = append(configs["source "+f.Type], f.Config)
	}
	for name, list := range configs {
		require.Len(t, list, 1, name)
		one, another := list[0](), list[0]()
		require.NotSame(t, one, another, name)
	}
}

// TestAll_NobodyOptsOut looks for the acceptance suites in the tests of every connector.
func TestAll_NobodyOptsOut(t *testing.T) {
	all := connectors.All(connectors.Options{})
	suites := map[string][]string{}
	for _, f := range all.Sinks {
		suites[f.Type] = append(suites[f.Type], "connectortest.Sink(", "connectortest.Faults(")
	}
	for _, f := range all.Sources {
		suites[f.Type] = append(suites[f.Type], "connectortest.Source(")
	}
	for name, calls := range suites {
		files, err := filepath.Glob(filepath.Join(name, "*_test.go"))
		require.NoError(t, err)
		var text strings.Builder
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			text.Write(content)
		}
		for _, call := range calls {
			require.Contains(t, text.String(), call, "the tests of %s", name)
		}
	}
}
