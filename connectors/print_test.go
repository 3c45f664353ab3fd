package connectors_test

import (
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"carillon/connectors"
	"carillon/pipeline"
	"carillon/pipeline/config"
	"carillon/pipeline/config/manual"
)

// TestEffective_ShowsEveryKeyAndNoSecret prints a configuration with every type of source and sink and every secret that the manual
// knows of: the secrets are redacted, and everything else that has a value is there.
func TestEffective_ShowsEveryKeyAndNoSecret(t *testing.T) {
	text, err := os.ReadFile("testdata/secrets.yaml")
	require.NoError(t, err)
	c, err := config.LoadBytes("secrets.yaml", text, connectors.All(connectors.Options{}), nil)
	require.NoError(t, err)
	require.NotContains(t, string(c.Effective()), "hunter2")
	require.NotContains(t, string(c.Effective()), "aHVudGVy", "base64 of the same")
	var shown, written map[string]any
	require.NoError(t, yaml.Unmarshal(c.Effective(), &shown))
	require.NoError(t, yaml.Unmarshal(text, &written))
	m := readManual(t)
	for _, g := range m.Sections {
		complete(t, []any{shown[g.Name]}, g)
		redacted(t, []any{shown[g.Name]}, []any{written[g.Name]}, g)
	}
	for section, groups := range map[string][]manual.Group{"sources": m.Sources, "sinks": m.Sinks} {
		shared := m.Source
		if section == "sinks" {
			shared = m.Sink
		}
		for _, g := range groups {
			out, in := ofType(shown[section], g.Name), ofType(written[section], g.Name)
			require.NotEmpty(t, out, "%s %s", section, g.Name)
			complete(t, out, g)
			complete(t, out, shared)
			redacted(t, out, in, g)
		}
	}
}

// ofType returns the entries of a section that have a type.
func ofType(section any, kind string) []any {
	var out []any
	entries, _ := section.(map[string]any)
	for _, e := range entries {
		if entry, ok := e.(map[string]any); ok && entry["type"] == kind {
			out = append(out, e)
		}
	}
	return out
}

// complete sees that every entry has every key of g that has a value.
func complete(t *testing.T, entries []any, g manual.Group) {
	t.Helper()
	for _, path := range g.Defaults() {
		for _, e := range entries {
			_, ok := at(e, path)
			require.True(t, ok, "%s: %s is not printed", g.Name, path)
		}
	}
}

// redacted sees that every secret of g is written in some entry, and printed as what it is in all of them.
func redacted(t *testing.T, shown, written []any, g manual.Group) {
	t.Helper()
	for _, path := range g.Secrets() {
		set := 0
		for _, e := range written {
			if _, ok := at(e, path); ok {
				set++
			}
		}
		require.Positive(t, set, "%s: no example of %s", g.Name, path)
		hidden := 0
		for _, e := range shown {
			if value, ok := at(e, path); ok {
				require.Equal(t, "<redacted>", value, "%s: %s", g.Name, path)
				hidden++
			}
		}
		require.Equal(t, set, hidden, "%s: %s", g.Name, path)
	}
}

// at returns what stands at a path.
func at(tree any, path string) (any, bool) {
	for key := range strings.SplitSeq(path, ".") {
		below, _ := tree.(map[string]any)
		value, ok := below[key]
		if !ok {
			return nil, false
		}
		tree = value
	}
	return tree, true
}

// TestEveryConnectorCanBeChecked: "carillon check --connect" leaves nobody out.
func TestEveryConnectorCanBeChecked(t *testing.T) {
	text, err := os.ReadFile("testdata/secrets.yaml")
	require.NoError(t, err)
	all := connectors.All(connectors.Options{})
	c, err := config.LoadBytes("secrets.yaml", text, all, nil)
	require.NoError(t, err)
	setup, err := c.Setup(all)
	require.NoError(t, err)
	set := func(id string) pipeline.Settings {
		return pipeline.Settings{
			ID: id, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now, HTTP: paths{},
		}
	}
	for _, s := range setup.Sources {
		built, err := s.New(set(s.ID))
		require.NoError(t, err)
		require.Implements(t, (*pipeline.Checker)(nil), built, s.ID)
	}
	for _, s := range setup.Sinks {
		built, err := s.New(set(s.ID))
		require.NoError(t, err)
		require.Implements(t, (*pipeline.Checker)(nil), built, s.ID)
		require.NoError(t, built.Close(t.Context()))
	}
}

type paths struct{}

func (paths) Handle(string, http.Handler) error { return nil }
