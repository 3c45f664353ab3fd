//go:build integration

package dashboards_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/pipelinetest"
)

// faster is by how much the windows of rules and their for are shortened: 5m becomes 5s. Thresholds stay as they are.
const faster = 60

// scrape is how often the router is scraped and the rules are evaluated.
const scrape = 250 * time.Millisecond

// server is a running Prometheus.
type server struct {
	name, url string
	client    *http.Client
}

// sample is one line of an answer; Value is the last one.
type sample struct {
	Metric map[string]string
	Value  float64
}

// newServer starts a Prometheus on loopback that scrapes addr and has the rules of this folder, faster. features are what
// --enable-feature switches on.
func newServer(t *testing.T, name, addr, features string) *server {
	t.Helper()
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: %[1]s, scrape_timeout: %[1]s, evaluation_interval: %[1]s}\nrule_files: [rules.yaml]\n"+
		"scrape_configs: [{job_name: carillon, static_configs: [{targets: [%[2]q]}]}]\n", scrape, addr)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(config), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), fasterRules(t), 0o600))
	listen := pipelinetest.FreeAddr(t)
	args := []string{
		"--config.file=" + filepath.Join(dir, "prometheus.yaml"), "--storage.tsdb.path=" + filepath.Join(dir, "data"),
		"--web.listen-address=" + listen, "--log.level=warn",
	}
	if features != "" {
		args = append(args, "--enable-feature="+features)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "prometheus", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	require.NoError(t, cmd.Start(), "apt-get install prometheus")
	s := &server{name: name, url: "http://" + listen, client: &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // Its status is that of the signal.
		s.client.CloseIdleConnections()
	})
	require.Eventually(t, func() bool {
		resp, err := s.client.Get(s.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, limit, 50*time.Millisecond, "Prometheus is ready")
	return s
}

// fasterRules returns alerts.yaml with shorter windows and for.
func fasterRules(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("alerts.yaml")
	require.NoError(t, err)
	shorter := func(s string) string {
		return regexp.MustCompile(`\d+[mh]`).ReplaceAllStringFunc(s, func(d string) string {
			long, err := time.ParseDuration(d)
			require.NoError(t, err)
			return strconv.Itoa(int((long / faster).Seconds())) + "s"
		})
	}
	return regexp.MustCompile(`\[\d+[mh]\]|for: \d+[mh]`).ReplaceAllFunc(text, func(b []byte) []byte { return []byte(shorter(string(b))) })
}

// ask calls the HTTP API and decodes what it returns.
func (s *server) ask(t require.TestingT, path string, form url.Values, into any) {
	resp, err := s.client.PostForm(s.url+path, form)
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
	require.Equal(t, "success", answer.Status, "%s: %s\n%s", s.name, answer.Error, form.Get("query"))
	require.NoError(t, json.Unmarshal(answer.Data, into))
}

// query asks for an expression now, or over the last half minute.
func (s *server) query(t require.TestingT, query string, instant bool) []sample {
	path, form := "/api/v1/query", url.Values{"query": {query}}
	if !instant {
		end := time.Now()
		path = "/api/v1/query_range"
		form.Set("start", strconv.FormatInt(end.Add(-30*time.Second).Unix(), 10))
		form.Set("end", strconv.FormatInt(end.Unix(), 10))
		form.Set("step", "1")
	}
	var data struct {
		Result []struct {
			Metric    map[string]string
			Value     pair
			Values    []pair
			Histogram []any
			// Histograms are those of a range.
			Histograms []any
		}
	}
	s.ask(t, path, form, &data)
	var out []sample
	for _, r := range data.Result {
		values := append(r.Values, r.Value)
		for _, v := range values {
			if number, ok := v.number(); ok {
				out = append(out, sample{Metric: r.Metric, Value: number})
				break
			}
		}
		if len(r.Histogram)+len(r.Histograms) > 0 {
			out = append(out, sample{Metric: r.Metric})
		}
	}
	return out
}

// pair is a time and a value in the form of the API.
type pair []any

// number returns the value; false when there is none, or when it is not a number, which Grafana does not show.
func (p pair) number() (float64, bool) {
	if len(p) != 2 {
		return 0, false
	}
	text, ok := p[1].(string)
	if !ok || text == "NaN" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// alerts returns the alerts in a state, with what they are about.
func (s *server) alerts(t require.TestingT, state string) map[string]bool {
	out := map[string]bool{}
	for _, x := range s.query(t, `ALERTS{alertstate=~"`+state+`"}`, true) {
		name := []string{x.Metric["alertname"]}
		for _, label := range []string{"source", "sink", "cause", "stream", "partition"} {
			if v := x.Metric[label]; v != "" {
				name = append(name, v)
			}
		}
		out[strings.Join(name, " ")] = true
	}
	return out
}

// promtool runs promtool and returns what it says.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}
