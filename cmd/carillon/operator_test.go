package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/admin"
	"carillon/pipeline/journal"
)

const operatorToken = "a-secret-of-this-test"

// application is what a webhook posts to: it refuses what it is told to, and remembers what it took.
type application struct {
	mu     sync.Mutex
	refuse map[string]bool // meetings whose AttendeeJoined it answers with 422
	took   []posted
}

// posted is one accepted request.
type posted struct {
	key, kind string
	sequence  uint64
	replay    string
}

func (a *application) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	h := req.Header
	sequence, _ := strconv.ParseUint(h.Get("Carillon-Sequence"), 10, 64)
	p := posted{h.Get("Carillon-Key"), h.Get("Carillon-Kind"), sequence, h.Get("Carillon-Replay")}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuse[p.key] && p.kind == "chime:AttendeeJoined" {
		http.Error(w, "no such meeting", http.StatusUnprocessableEntity)
		return
	}
	a.took = append(a.took, p)
}

func (a *application) refusing(meetings ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refuse = map[string]bool{}
	for _, m := range meetings {
		a.refuse[m] = true
	}
}

// of returns what it took of one meeting.
func (a *application) of(meeting string) (all []posted) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.took {
		if p.key == meeting {
			all = append(all, p)
		}
	}
	return all
}

// desk is a router with an operator before it.
type desk struct {
	t         *testing.T
	app       *application
	dir, file string
	http      string
	admin     string
	url       string
	*process
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, app: &application{}, dir: t.TempDir(), http: freeAddr(t), admin: freeAddr(t)}
	srv := httptest.NewServer(d.app)
	t.Cleanup(srv.Close)
	d.url = srv.URL
	return d
}

// life configures the router with these sinks, one line of YAML each, and starts it.
func (d *desk) life(sinks ...string) {
	d.t.Helper()
	d.file = write(d.t, "carillon.yaml", `
nats: {embedded: {dir: %q, sync: interval}}
stream: {max_bytes: 64MiB, partitions: 2}
http: {listen: %q}
admin: {listen: %q, token: %q}
order: {mode: none}
log: {level: info, format: text}
sources:
  bus: {type: eventbridge, auth: {api_key: {header: x-api-key, value: k}}}
sinks:
  %s
`, d.dir, d.http, d.admin, operatorToken, strings.Join(sinks, "\n  "))
	d.process = launch(d.t, d.file, d.admin, nil)
}

func (d *desk) hook(id string) string {
	return fmt.Sprintf("%s: {type: webhook, url: %q, start: earliest, retry: {initial: 10ms, max: 100ms}}", id, d.url)
}

func (d *desk) audit() string {
	return fmt.Sprintf("audit: {type: file, path: %q, start: earliest}", d.dir+".ndjson")
}

// post sends a notification as EventBridge would.
func (d *desk) post(body string) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, "http://"+d.http+"/eventbridge", strings.NewReader(body))
	require.NoError(d.t, err)
	req.Header.Set("X-Api-Key", "k")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	require.NoError(d.t, resp.Body.Close())
	require.Equal(d.t, http.StatusOK, resp.StatusCode)
}

// happened is a notification of a meeting.
func happened(meeting, kind string, n int) string {
	return fmt.Sprintf(`{"version":"0","id":"%s-%d","detail-type":"Chime Meeting State Change","source":"aws.chime","account":"111122223333",`+
		`"time":"2026-01-05T10:00:00Z","region":"us-east-1","resources":[],"detail":{"version":"0","eventType":%q,"timestamp":%d,`+
		`"meetingId":%q,"attendeeId":"attendee-%d"}}`, meeting, n, kind, 1767607200000+n, meeting, n)
}

// meeting sends a meeting of two attendees.
func (d *desk) meeting(meetings ...string) {
	d.t.Helper()
	for n, kind := range []string{"chime:AttendeeAdded", "chime:AttendeeJoined", "chime:AttendeeLeft", "chime:AttendeeJoined"} {
		for _, m := range meetings {
			d.post(happened(m, kind, n))
		}
	}
}

// says runs a command of the operator and returns what it prints on both outputs. ok is whether it is to succeed.
func (d *desk) says(ok bool, args ...string) string {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), binary, append(args, "-c", d.file)...)
	out, err := cmd.CombinedOutput()
	require.Equal(d.t, ok, err == nil, "%v: %s", args, out)
	return string(out)
}

// tells runs a command with --json and returns what it prints.
func tells[T any](d *desk, ok bool, args ...string) (into T) {
	d.t.Helper()
	var out, problems bytes.Buffer
	cmd := exec.CommandContext(d.t.Context(), binary, append(args, "--json", "--admin", "http://"+d.admin)...)
	cmd.Env = append(os.Environ(), "CARILLON_ADMIN_TOKEN="+operatorToken)
	cmd.Stdout, cmd.Stderr = &out, &problems
	err := cmd.Run()
	require.Equal(d.t, ok, err == nil, "%v: %s%s", args, &out, &problems)
	require.NoError(d.t, json.Unmarshal(out.Bytes(), &into), "%s%s", &out, &problems)
	return into
}

// result is what a job prints with --json.
type result struct {
	Counts map[string]int
	Failed []admin.Failure
}

// TestDeadLetters gives events up, and deals with them as an operator does: looks, mends, sends again, drops.
func TestDeadLetters(t *testing.T) {
	d := newDesk(t)
	d.app.refusing("meeting-2", "meeting-3")
	d.life(d.hook("attendance"), d.audit())
	d.meeting("meeting-1", "meeting-2", "meeting-3")
	var page admin.DeadLetters
	d.await(t, 20*time.Second, "four dead letters", func() bool {
		page = tells[admin.DeadLetters](d, true, "dead", "ls")
		return len(page.Dead) == 4
	})
	d.await(t, 20*time.Second, "the meeting that is not refused", func() bool { return len(d.app.of("meeting-1")) == 4 })
	require.Len(t, d.app.of("meeting-2"), 2, "its lane goes on")
	text := d.says(true, "dead", "ls", "--sink", "attendance", "--meeting", "meeting-2", "--kind", "chime:*Joined", "--reason", "422", "--from", "1h")
	require.Equal(t, 3, strings.Count(text, "\n"), text)
	require.Contains(t, text, "answered 422 Unprocessable Entity")
	require.NotContains(t, d.says(true, "dead", "ls", "--to", "1h"), "meeting-2")
	page = tells[admin.DeadLetters](d, true, "dead", "ls", "--meeting", "meeting-2")
	place := strconv.FormatUint(page.Dead[0].Place, 10)
	text = d.says(true, "dead", "show", place)
	require.Contains(t, text, "meeting   meeting-2\n")
	require.Contains(t, text, `"eventType":"chime:AttendeeJoined","timestamp":1767607200001,`)

	r := tells[result](d, true, "dead", "redrive", "--all", "--dry-run")
	require.Equal(t, map[string]int{"matched": 4}, r.Counts)
	r = tells[result](d, false, "dead", "redrive", "--meeting", "meeting-2")
	require.Equal(t, map[string]int{"rejected": 1, "behind": 1}, r.Counts)
	require.Len(t, r.Failed, 2)
	d.app.refusing()
	require.Equal(t, "accepted 2\n", d.says(true, "dead", "redrive", "--meeting", "meeting-2"))
	require.Equal(t, "nothing matches\n", d.says(true, "dead", "redrive", "--meeting", "meeting-2"), "again")
	got := d.app.of("meeting-2")
	require.Len(t, got, 4)
	require.Less(t, got[2].sequence, got[3].sequence, "in order")
	require.Contains(t, d.says(false, "dead", "drop"), "nothing chooses")
	require.Equal(t, "dropped 2\n", d.says(true, "dead", "drop", "--sink", "attendance"))
	require.Contains(t, d.says(false, "dead", "show", place), "no dead letter")
	require.Len(t, d.app.of("meeting-3"), 2)
	require.NoError(t, d.stop(t))
}

// TestReplay sends history again, marked, and tells before how much.
func TestReplay(t *testing.T) {
	d := newDesk(t)
	d.life(d.hook("attendance"))
	d.meeting("meeting-1", "meeting-2")
	d.await(t, 20*time.Second, "delivered", func() bool { return len(d.app.of("meeting-1"))+len(d.app.of("meeting-2")) == 8 })
	require.Equal(t, "matched 4\n", d.says(true, "replay", "--sink", "attendance", "--from", "1h", "--meeting", "meeting-1", "--dry-run"))
	require.Len(t, d.app.of("meeting-1"), 4)
	require.Equal(t, "accepted 4\n", d.says(true, "replay", "--sink", "attendance", "--from", "1h", "--meeting", "meeting-1"))
	got := d.app.of("meeting-1")
	require.Len(t, got, 8)
	for i := range 4 {
		require.Empty(t, got[i].replay)
		require.Equal(t, posted{got[i].key, got[i].kind, got[i].sequence, "true"}, got[4+i])
	}
	require.Len(t, d.app.of("meeting-2"), 4)
	require.Equal(t, "nothing matches\n", d.says(true, "replay", "--sink", "attendance", "--from", "2h", "--to", "1h"))
	require.Contains(t, d.says(false, "replay", "--sink", "nothing", "--from", "1h"), `sink "nothing" is not in the configuration`)
	require.NoError(t, d.stop(t))
}

// TestQuarantine reads again what could not be read, as after an upgrade, and throws the rest away.
func TestQuarantine(t *testing.T) {
	d := newDesk(t)
	d.life(d.hook("attendance"))
	d.post(`{"broken":`)
	require.NoError(t, d.stop(t))
	d.shelve(happened("meeting-1", "chime:AttendeeJoined", 1)) // What an older version could not read.
	d.life(d.hook("attendance"))

	page := tells[admin.QuarantineList](d, true, "quarantine", "ls")
	require.Len(t, page.Quarantine, 2)
	text := d.says(true, "quarantine", "ls", "--reason", "invalid_json")
	require.Equal(t, 2, strings.Count(text, "\n"), text)
	require.Contains(t, d.says(true, "quarantine", "show", strconv.FormatUint(page.Quarantine[0].Place, 10)), `{"broken":`)
	text = d.says(false, "quarantine", "retry", "--all")
	require.Contains(t, text, "stored 1, unreadable 1\n")
	d.await(t, 20*time.Second, "the event", func() bool { return len(d.app.of("meeting-1")) == 1 })
	r := tells[result](d, true, "quarantine", "drop", "--source", "bus")
	require.Equal(t, map[string]int{"dropped": 1}, r.Counts)
	page = tells[admin.QuarantineList](d, true, "quarantine", "ls")
	require.Empty(t, page.Quarantine)
	require.NoError(t, d.stop(t))
}

// shelve puts a body into quarantine while no router runs.
func (d *desk) shelve(body string) {
	d.t.Helper()
	connect, stream := journal.DefaultConnect(), journal.DefaultStream()
	connect.Embedded.Dir, stream.Partitions, stream.MaxBytes = d.dir, 2, 64<<20
	j, err := journal.Open(d.t.Context(), connect, stream, journal.Settings{
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Owner: "test", Clock: time.Now,
	})
	require.NoError(d.t, err)
	require.NoError(d.t, j.Quarantine(d.t.Context(), journal.Quarantined{
		Source: "bus", Reason: "unreadable notification (no_detail_type)", Received: time.Now(), Body: []byte(body),
	}))
	require.NoError(d.t, j.Close())
}

// TestSinks takes a sink out of the configuration and gives another one another name: the one is reported and forgotten, the other
// goes on where it was. A router without sinks runs as well.
func TestSinks(t *testing.T) {
	d := newDesk(t)
	d.life(d.hook("attendance"), d.audit())
	d.meeting("meeting-1")
	d.await(t, 20*time.Second, "delivered", func() bool { return len(d.app.of("meeting-1")) == 4 })
	require.Contains(t, d.says(false, "sinks", "forget", "audit"), "remove it there and restart first")
	require.Contains(t, d.says(true, "sinks", "rename", "attendance", "presence"), "goes on as presence")
	require.Equal(t, "attendance goes on\n", d.says(true, "sinks", "resume", "attendance"))
	require.Contains(t, d.says(true, "sinks", "ls"), "goes on as presence at the next start")
	require.NoError(t, d.stop(t))

	d.life(d.hook("presence"))
	d.meeting("meeting-2")
	d.await(t, 20*time.Second, "delivered", func() bool { return len(d.app.of("meeting-2")) == 4 })
	require.Len(t, d.app.of("meeting-1"), 4, "nothing of it was repeated")
	list := tells[admin.Sinks](d, true, "sinks", "ls")
	require.Len(t, list.Sinks, 2)
	require.Equal(t, "audit", list.Sinks[0].ID)
	require.Equal(t, "gone", list.Sinks[0].State)
	log, err := os.ReadFile(d.log.Name())
	require.NoError(t, err)
	require.Contains(t, string(log), "sink is in no configuration any more")
	require.InDelta(t, 1, scrape(t, d.process)["carillon_journal_gone_sinks"], 0)
	require.Equal(t, "audit is forgotten\n", d.says(true, "sinks", "forget", "audit"))
	list = tells[admin.Sinks](d, true, "sinks", "ls")
	require.Len(t, list.Sinks, 1)
	require.NoError(t, d.stop(t))

	d.life("{}")
	d.post(happened("meeting-3", "chime:AttendeeJoined", 1))
	require.NoError(t, d.stop(t))
}

// TestOperatorIsToldWhatToDo reaches no router, or one that does not let it in.
func TestOperatorIsToldWhatToDo(t *testing.T) {
	d := newDesk(t)
	d.life(d.hook("attendance"))
	for want, args := range map[string][]string{
		"set CARILLON_ADMIN_TOKEN":   {"--admin", d.admin},
		"the token is missing or wr": {"--admin", "http://" + d.admin, "--token", "wrong"},
		"no router answers at":       {"--admin", freeAddr(t), "--token", "wrong"},
		"no such file":               {"-c", "nothing.yaml"},
	} {
		out, err := exec.CommandContext(t.Context(), binary, append([]string{"sinks", "ls"}, args...)...).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), want)
	}
	require.NoError(t, d.stop(t))
	file := write(t, "open.yaml", "admin: {listen: %q}\nnats: {embedded: {dir: %q}}\n", d.admin, t.TempDir())
	out, err := exec.CommandContext(t.Context(), binary, "sinks", "ls", "-c", file).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "sets no admin.token")
	p := launch(t, file, d.admin, nil)
	out, err = exec.CommandContext(t.Context(), binary, "sinks", "ls", "--admin", d.admin, "--token", operatorToken).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "the API is off")
	require.NoError(t, p.stop(t))
}
