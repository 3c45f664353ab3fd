//go:build integration

package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const (
	top       = "../../../"
	chartPath = top + "configs/helm/carillon"
	// secretText is what every secret holds in these tests: it is a key for signing as well, base64 of 24 bytes.
	secretText = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
)

var update = flag.Bool("update", false, "write the golden files")

// tools are the programs of these tests, built once.
type tools struct{ helm, carillon string }

var built tools // built once for all tests

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "carillon-chart")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	built.carillon = filepath.Join(dir, "carillon")
	if out, err := exec.Command("go", "build", "-C", top, "-o", built.carillon, "./cmd/carillon").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	out, err := exec.Command("go", "tool", "-n", "helm").Output() // Builds it and says where it is.
	if err != nil {
		fmt.Fprintln(os.Stderr, "building helm:", err)
		return 1
	}
	built.helm = strings.TrimSpace(string(out))
	return m.Run()
}

// helm runs a command of Helm, which reads nothing of the machine and reaches nobody.
func helm(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := exec.Command(built.helm, args...)
	home := t.TempDir()
	cmd.Env = []string{"HOME=" + home, "KUBECONFIG=" + home + "/none"}
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	return out.String(), problems.String(), err
}

// render returns what helm template makes of a file of values.
func render(t *testing.T, values string) string {
	t.Helper()
	out, problems, err := helm(t, "template", "bells", chartPath, "--namespace", "realtime", "--kube-version", kubernetes, "--values", values)
	require.NoError(t, err, problems)
	return out
}

// accepted are the files of values that the chart takes.
func accepted(t *testing.T) map[string]string {
	t.Helper()
	return files(t, "values", 9)
}

func files(t *testing.T, folder string, least int) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), least)
	out := map[string]string{}
	for _, path := range paths {
		out[strings.TrimSuffix(filepath.Base(path), ".yaml")] = path
	}
	return out
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata/golden", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), text, "write it with -args -update, and look at the difference")
}

var fromDashboards = regexp.MustCompile(`^# Source: carillon/templates/(dashboards|prometheusrule)\.yaml\n`)

// withoutDashboards leaves out what changes whenever dashboards/ does; TestDashboardsAndAlerts looks at that.
func withoutDashboards(text string) string {
	var out []string
	for part := range strings.SplitSeq("\n"+text, "\n---\n") {
		if part != "" && !fromDashboards.MatchString(part) {
			out = append(out, strings.TrimRight(part, "\n")+"\n")
		}
	}
	return strings.Join(out, "---\n")
}

// TestRender compares what is rendered with what somebody looked at.
func TestRender(t *testing.T) {
	for name, values := range accepted(t) {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".yaml", withoutDashboards(render(t, values)))
		})
	}
}

// TestREADME renders and checks what the README shows.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile(top + "README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(readme), "## Run it in Kubernetes\n")
	require.True(t, found)
	_, section, found = strings.Cut(section, "```yaml\n")
	require.True(t, found)
	block, _, _ := strings.Cut(section, "```")
	values := filepath.Join(t.TempDir(), "values.yaml")
	require.NoError(t, os.WriteFile(values, []byte(block), 0o600))
	requireAccepted(t, render(t, values))
}

// TestLint has Helm look at the chart with each file of values.
func TestLint(t *testing.T) {
	for name, values := range accepted(t) {
		t.Run(name, func(t *testing.T) {
			out, problems, err := helm(t, "lint", "--strict", "--kube-version", kubernetes, chartPath, "--values", values)
			require.NoError(t, err, out+problems)
			require.Contains(t, out, "0 chart(s) failed")
		})
	}
}

// TestRefused reads what a user is told. What Helm itself adds, and the order of its own problems, is its business.
func TestRefused(t *testing.T) {
	for name, values := range files(t, "refused", 5) {
		t.Run(name, func(t *testing.T) {
			out, problems, err := helm(t, "template", "bells", chartPath, "--kube-version", kubernetes, "--values", values)
			require.Error(t, err)
			require.Empty(t, out)
			require.NotContains(t, problems, "hunter2")
			var lines []string
			for line := range strings.Lines(problems) {
				if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "Error:") && !strings.HasPrefix(text, "Use --debug") {
					lines = append(lines, strings.TrimRight(line, "\n"))
				}
			}
			golden(t, "refused-"+name+".txt", sorted(lines))
		})
	}
}

// sorted sorts problems, each with the lines that are indented below it, and these: Helm goes through a map.
func sorted(lines []string) string {
	var blocks [][]string
	for _, line := range lines {
		if strings.HasPrefix(line, " ") && len(blocks) > 0 {
			last := &blocks[len(blocks)-1]
			*last = append(*last, line)
			continue
		}
		blocks = append(blocks, []string{line})
	}
	for _, block := range blocks {
		slices.Sort(block[1:])
	}
	slices.SortFunc(blocks, slices.Compare)
	return strings.Join(slices.Concat(blocks...), "\n") + "\n"
}

// TestNotes reads what a user is told after an installation.
func TestNotes(t *testing.T) {
	for name, values := range accepted(t) {
		t.Run(name, func(t *testing.T) {
			out, problems, err := helm(t, "install", "bells", chartPath, "--namespace", "realtime", "--dry-run=client", "--values", values)
			require.NoError(t, err, problems)
			_, notes, found := strings.Cut(out, "\nNOTES:\n")
			require.True(t, found, out)
			golden(t, "notes-"+name+".txt", notes)
		})
	}
}

// TestDashboardsAndAlerts expects everything of dashboards/ in the cluster as it is there, under its name.
func TestDashboardsAndAlerts(t *testing.T) {
	want, err := source(from)
	require.NoError(t, err)
	for name, values := range accepted(t) {
		var found int
		for _, o := range objects(t, render(t, values)) {
			switch {
			case o.Kind == "PrometheusRule":
				var alerts any
				require.NoError(t, yaml.Unmarshal(want["alerts.yaml"], &alerts))
				require.Equal(t, alerts, o.raw["spec"])
				found++
			case o.Metadata.Labels["app.kubernetes.io/component"] == "dashboard":
				require.Equal(t, "1", o.Metadata.Labels["grafana_dashboard"])
				require.Len(t, o.Data, 1)
				for file, text := range o.Data {
					require.JSONEq(t, string(want["dashboards/"+file]), text)
				}
				found++
			}
		}
		if strings.HasPrefix(name, "everything") {
			require.Len(t, want, found, name)
			continue
		}
		require.Zero(t, found, name)
	}
}
