package dashboards_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// rule is an alert, or a recorded expression.
type rule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

// rules returns every rule of alerts.yaml.
func rules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []rule
		}
	}
	decode(t, "alerts.yaml", &file)
	var out []rule
	for _, g := range file.Groups {
		require.True(t, strings.HasPrefix(g.Name, "carillon-"), g.Name)
		out = append(out, g.Rules...)
	}
	return out
}

// alerts returns the names of all alerts, in the order of the file.
func alerts(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, r := range rules(t) {
		if r.Alert != "" {
			out = append(out, r.Alert)
		}
	}
	return out
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		require.True(t, strings.HasPrefix(r.Alert, "Carillon"), r.Alert)
		require.Contains(t, []string{"page", "ticket"}, r.Labels["severity"], r.Alert)
		require.NotEmpty(t, r.Annotations["summary"], r.Alert)
		require.Equal(t, "dashboards/runbook.md#"+strings.ToLower(r.Alert), r.Annotations["runbook"])
	}
}

// TestRunbook expects one paragraph for each alert, in the same order, and for nothing else.
func TestRunbook(t *testing.T) {
	text, err := os.ReadFile("runbook.md")
	require.NoError(t, err)
	var titles []string
	for i, section := range strings.Split(string(text), "\n## ") {
		if i == 0 {
			continue
		}
		title, body, _ := strings.Cut(section, "\n")
		titles = append(titles, title)
		require.Greater(t, len(strings.Fields(body)), 25, "%s: what it means, where to look, what helps", title)
	}
	require.Equal(t, alerts(t), titles)
}

// TestEveryAlertIsTested expects alerts_test.yaml to make each alert fire once and stay silent once.
func TestEveryAlertIsTested(t *testing.T) {
	var file struct {
		Tests []struct {
			Rules []struct {
				Name     string `yaml:"alertname"`
				Expected []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	decode(t, "alerts_test.yaml", &file)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, r := range test.Rules {
			require.Contains(t, alerts(t), r.Name)
			if len(r.Expected) > 0 {
				fires[r.Name] = true
			} else {
				silent[r.Name] = true
			}
		}
	}
	for _, name := range alerts(t) {
		require.True(t, fires[name], "%s fires in no test", name)
		if name != "CarillonCertificateExpires" { // Its one test has certificates that do not expire beside the one that does.
			require.True(t, silent[name], "%s stays silent in no test", name)
		}
	}
}

// TestRecordedIsUsed expects every name that begins with carillon: to be recorded, and every recorded one to be used.
func TestRecordedIsUsed(t *testing.T) {
	var recorded, used []string
	name := regexp.MustCompile(`carillon:[a-z0-9_:]+`)
	for _, r := range rules(t) {
		if r.Record != "" {
			recorded = append(recorded, r.Record)
		}
		used = append(used, name.FindAllString(r.Expr, -1)...)
	}
	slices.Sort(recorded)
	slices.Sort(used)
	require.Equal(t, recorded, slices.Compact(used))
}
