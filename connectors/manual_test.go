package connectors_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors"
	"carillon/pipeline/config"
	"carillon/pipeline/config/manual"
)

var update = flag.Bool("update", false, "write the generated files and the golden files")

// exampleEnv is what the examples refer to.
var exampleEnv = []string{
	"EVENTBRIDGE_KEY=0123456789abcdef", "KAFKA_PASSWORD=p", "REDIS_PASSWORD=p",
	"ATTENDANCE_SECRET=whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz", // base64 of 24 digits
}

func readManual(t *testing.T) *manual.Manual {
	t.Helper()
	m, err := manual.Read("..", connectors.All(connectors.Options{}))
	require.NoError(t, err)
	return m
}

// examples returns the piece of configuration that shows each connector: by "source sqs" and the like.
func examples(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/examples/*.yaml")
	require.NoError(t, err)
	out := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		out[strings.Replace(strings.TrimSuffix(filepath.Base(name), ".yaml"), "-", " ", 1)] = string(text)
	}
	return out
}

// TestManual writes the reference and the schema, or sees that they are those of the code.
func TestManual(t *testing.T) {
	m := readManual(t)
	schema, err := m.Schema()
	require.NoError(t, err)
	same(t, "../configs/schema.json", schema)
	same(t, "../configs/reference.md", m.Reference(examples(t)))
}

// same compares with a file, or writes it.
func same(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(name, got, 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "generated: go test ./connectors -run %s -update", t.Name())
}

// TestExamples loads the example of every connector, of which each must have one.
func TestExamples(t *testing.T) {
	all, shown := connectors.All(connectors.Options{}), examples(t)
	require.Len(t, shown, len(all.Sources)+len(all.Sinks))
	for name, text := range shown {
		c, err := config.LoadBytes(name, []byte(text), all, exampleEnv)
		require.NoError(t, err, name)
		role, kind, _ := strings.Cut(name, " ")
		for _, s := range c.Sources {
			require.Equal(t, [2]string{"source", s.Type}, [2]string{role, kind})
		}
		for _, s := range c.Sinks {
			require.Equal(t, [2]string{"sink", s.Type}, [2]string{role, kind})
		}
	}
}

// TestManual_KnowsEveryKey: a key that the manual does not know is one that nobody can look up.
func TestManual_KnowsEveryKey(t *testing.T) {
	for _, g := range everyGroup(readManual(t)) {
		require.NotEmpty(t, g.Keys, g.Name)
		described(t, g.Name, g.Keys)
	}
}

func everyGroup(m *manual.Manual) []manual.Group {
	all := append([]manual.Group{m.Source, m.Sink}, m.Sections...)
	return append(append(all, m.Sources...), m.Sinks...)
}

func described(t *testing.T, group string, keys []manual.Key) {
	t.Helper()
	for i := range keys {
		k := &keys[i]
		require.Greater(t, len(k.Doc), len("`"+k.Name+"` is x"), "%s: %s", group, k.Path)
		described(t, group, k.Keys)
	}
}
