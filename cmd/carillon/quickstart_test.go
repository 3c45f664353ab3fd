package main_test

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/journal"
)

const (
	envelope = `{"version":"0","id":"5ee6265a-0a40-104e-fd21-4f0b0d0d9f8a","detail-type":"Chime Meeting State Change","source":"aws.chime",` +
		`"account":"111122223333","time":"2026-01-05T10:00:00Z","region":"us-east-1","resources":[],"detail":{"version":"0",` +
		`"eventType":"chime:MeetingStarted","timestamp":1767607200123,"meetingId":"meeting-1","mediaRegion":"us-east-1"}}`
	direct = `{"version":"0","detail-type":"Chime Meeting State Change","source":"aws.chime","account":"111122223333",` +
		`"time":"2026-01-05T10:00:00.123Z","region":"us-east-1","detail":{"mediaRegion":"us-east-1","version":"0",` +
		`"eventType":"chime:MeetingStarted","timestamp":1767607200123,"meetingId":"meeting-1"}}`
	trail = `{"version":"0","id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.chime","time":"2026-01-05T10:00:00Z","detail":{}}`
)

// TestQuickstart follows the README: what goes in with curl comes out on standard output, once.
func TestQuickstart(t *testing.T) {
	dir, listen, admin := t.TempDir(), freeAddr(t), freeAddr(t)
	cmd := exec.CommandContext(t.Context(), binary, "run", "-c", "../../configs/quickstart.yaml")
	cmd.Env = append(os.Environ(), "CARILLON_NATS__EMBEDDED__DIR="+dir, "CARILLON_HTTP__LISTEN="+listen, "CARILLON_ADMIN__LISTEN="+admin)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	log, err := os.Create(t.TempDir() + "/stderr")
	require.NoError(t, err)
	cmd.Stderr = log
	require.NoError(t, cmd.Start())
	p := &process{cmd: cmd, admin: admin, log: log}
	t.Cleanup(p.kill)
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			lines <- s.Text()
		}
	}()
	p.await(t, 20*time.Second, "ready", func() bool { return p.status("/readyz") == http.StatusOK })
	post := func(key, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+listen+"/eventbridge", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("X-Api-Key", key)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, http.StatusUnauthorized, post("wrong", envelope))
	require.Equal(t, http.StatusOK, post("quickstart", envelope))
	require.Equal(t, http.StatusOK, post("quickstart", direct))
	require.Equal(t, http.StatusOK, post("quickstart", `{"broken":`))
	require.Equal(t, http.StatusOK, post("quickstart", trail))
	require.Equal(t, http.StatusRequestEntityTooLarge, post("quickstart", strings.Repeat(" ", 2<<20+1)))
	var event struct {
		Key, Kind string
		Sequence  uint64
	}
	require.NoError(t, json.Unmarshal([]byte(<-lines), &event))
	require.Equal(t, "meeting-1", event.Key)
	require.Equal(t, "chime:MeetingStarted", event.Kind)
	c := scrape(t, p)
	require.InDelta(t, 1, c["carillon_dedupe_witnesses_total"], 0)
	require.InDelta(t, 1, c["carillon_ingest_quarantined_total"], 0)
	require.InDelta(t, 1, c["carillon_ingest_filtered_total"], 0)
	require.NoError(t, p.stop(t))
	for extra := range lines {
		require.Fail(t, "more than one line", extra)
	}
	requireQuarantined(t, dir, `{"broken":`)
}

// requireQuarantined opens the journal of a stopped router and expects exactly this body in quarantine.
func requireQuarantined(t *testing.T, dir, body string) {
	t.Helper()
	connect := journal.DefaultConnect()
	connect.Embedded.Dir = dir
	j, err := journal.Open(t.Context(), connect, journal.DefaultStream(), journal.Settings{
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Owner: "test", Clock: time.Now,
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	var bodies []string
	require.NoError(t, j.Scan(t.Context(), journal.PlaceQuarantine, func(m journal.Message) error {
		require.NotEmpty(t, m.Header[journal.HeaderReason])
		bodies = append(bodies, string(m.Body))
		return nil
	}))
	require.Equal(t, []string{body}, bodies)
}
