package dashboards_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/dashboards"
)

func TestDashboardsAreUpToDate(t *testing.T) {
	for file, d := range dashboards.Dashboards() {
		text, err := d.JSON()
		require.NoError(t, err)
		golden(t, file, text)
	}
}

// TestDashboards expects of every dashboard what Grafana does not check when it imports it.
func TestDashboards(t *testing.T) {
	uids := map[string]bool{}
	for file, d := range dashboards.Dashboards() {
		t.Run(file, func(t *testing.T) {
			require.Equal(t, "carillon-"+strings.TrimSuffix(file, ".json"), d.UID)
			require.False(t, uids[d.UID])
			uids[d.UID] = true
			require.GreaterOrEqual(t, d.SchemaVersion, 39)
			require.NotEmpty(t, d.Description)
			var names []string
			for _, v := range d.Templating.List {
				names = append(names, v.Name)
			}
			require.Equal(t, []string{"datasource", "job", "instance", "source", "sink"}, names)
			requirePanels(t, d.Panels)
			requireNoOverlap(t, d.Panels)
		})
	}
}

func requirePanels(t *testing.T, panels []*dashboards.Panel) {
	t.Helper()
	ids, titles := map[int]bool{}, map[string]bool{}
	for _, p := range panels {
		require.Positive(t, p.ID)
		require.False(t, ids[p.ID], "id %d", p.ID)
		ids[p.ID] = true
		require.NotEmpty(t, p.Title)
		if p.Type == "row" {
			continue
		}
		require.False(t, titles[p.Title+p.Type], "two panels %q", p.Title)
		titles[p.Title+p.Type] = true
		require.NotEmpty(t, p.Description, p.Title)
		require.True(t, strings.HasSuffix(p.Description, "."), "%s: a sentence", p.Title)
		require.NotEmpty(t, p.FieldConfig.Defaults.Unit, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		refs := map[string]bool{}
		for _, target := range p.Targets {
			require.False(t, refs[target.RefID], p.Title)
			refs[target.RefID] = true
			require.Contains(t, target.Expr, `job=~"$job"`, p.Title)
			require.Equal(t, "${datasource}", target.Datasource.UID)
			require.NotEqual(t, target.Instant, target.Range)
		}
	}
}

func requireNoOverlap(t *testing.T, panels []*dashboards.Panel) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, p := range panels {
		g := p.GridPos
		require.True(t, g.W > 0 && g.H > 0 && g.X >= 0 && g.X+g.W <= 24, "%s: %+v", p.Title, g)
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				require.Empty(t, taken[[2]int{x, y}], "under %s", p.Title)
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

// TestNothingIsToBeFilledIn expects an import to ask for nothing but the data source.
func TestNothingIsToBeFilledIn(t *testing.T) {
	for file := range dashboards.Dashboards() {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var d map[string]any
		require.NoError(t, json.Unmarshal(text, &d))
		require.NotContains(t, d, "__inputs")
		require.NotContains(t, d, "__requires")
		require.Nil(t, d["id"])
		require.NotContains(t, string(text), "${DS_")
	}
}

// TestEveryMetricExists expects dashboards and alerts to name no metric that no router has.
func TestEveryMetricExists(t *testing.T) {
	text, err := os.ReadFile("metrics.golden")
	require.NoError(t, err)
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, " | ")
		known[name] = true
		if strings.HasPrefix(rest, "histogram") {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[name+suffix] = true
			}
		}
	}
	metric := regexp.MustCompile(`\bcarillon_[a-z0-9_]+`)
	for _, file := range []string{"delivery-lag.json", "pipeline.json", "paths.json", "alerts.yaml", "alerts_test.yaml", "runbook.md"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, name := range metric.FindAllString(string(text), -1) {
			require.True(t, known[name], "%s names %s", file, name)
		}
	}
}
