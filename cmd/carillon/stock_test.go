package main_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

var stockSize = flag.Int("stock", 20_000, "how many events EVENTS holds in the stock test; a tenth of it waits in RAW")

const (
	// cleanLimit and killedLimit are how long a start may take after a stop and after SIGKILL, with a million events.
	cleanLimit, killedLimit = 2 * time.Second, 4 * time.Second
	// stockMemory is what a router may take at its peak with a million events of 100,000 meetings and 100,000 records to process.
	// The most of it is JetStream's: each block of 8 MiB that a history is read from stays in memory for 10 s.
	stockMemory = 2 << 30
)

// TestStartWithAStock starts the binary on a journal that holds many events, and many records of RAW that no sequencer has read:
// half of them are copies of events that are there, half are new. It starts on what SIGKILL left of the process that had
// written the journal, and on the same after a clean stop. It is ready soon, JetStream alone being the measure of what of that
// is its own, its memory is bounded, and nothing is in EVENTS twice.
//
//testing:invariants I2 I3 I6 I7 I8
func TestStartWithAStock(t *testing.T) {
	killed, stopped := t.TempDir(), t.TempDir()
	s := stock{events: *stockSize, raw: *stockSize / 10}
	begin := time.Now()
	killStockkeeper(t, killed, s)
	require.NoError(t, os.CopyFS(stopped, os.DirFS(killed)))
	unix.Sync() // What is acknowledged is on disk; a copy is not yet.
	t.Logf("%d events and %d records made in %s", s.events, s.raw, time.Since(begin).Round(time.Millisecond))
	afterKill := bareJetStream(t, stopped) // It ends with a clean stop.
	afterStop := bareJetStream(t, stopped)
	t.Run("after SIGKILL", func(t *testing.T) { s.start(t, killed, max(killedLimit, 2*afterKill), (*process).kill) })
	t.Run("after a clean stop", func(t *testing.T) {
		s.start(t, stopped, max(cleanLimit, 2*afterStop), func(p *process) { require.NoError(t, p.stop(t)) })
	})
}

// start runs the binary on a stock until RAW is processed. On a machine on which JetStream alone takes as long as all should, the
// limit says nothing about us, and is a multiple of that. A machine may also be busy during one start: then the router ends as the
// one before it did, and starts again.
func (s stock) start(t *testing.T, dir string, limit time.Duration, end func(*process)) {
	t.Helper()
	admin := freeAddr(t)
	file := s.config(t, dir, admin)
	begin := time.Now()
	p := launch(t, file, admin, nil)
	ready := time.Since(begin)
	s.processed(t, p)
	t.Logf("ready after %s of %s; RAW processed after %s; %d MiB at most",
		ready.Round(time.Millisecond), limit, time.Since(begin).Round(time.Millisecond), peakBytes(t, p)>>20)
	require.Less(t, peakBytes(t, p), int64(stockMemory))
	for range 2 {
		if ready < limit {
			break
		}
		end(p)
		begin = time.Now()
		p = launch(t, file, admin, nil)
		ready = time.Since(begin)
	}
	require.Less(t, ready, limit)
	require.NoError(t, p.stop(t))
	audit(t, dir, s.events+s.raw/2)
}

// killStockkeeper has another process write the stock, and kills it when it is done.
func killStockkeeper(t *testing.T, dir string, s stock) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-stock-into", dir, "-stock", strconv.Itoa(s.events))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	_, err = cmd.StdinPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	said := make([]byte, len(stockReady))
	_, err = io.ReadFull(out, said)
	require.NoError(t, err, "it ended early")
	require.Equal(t, stockReady, string(said))
}

// bareJetStream starts JetStream on a directory without anything of ours, and returns how long that took.
func bareJetStream(t *testing.T, dir string) time.Duration {
	t.Helper()
	begin := time.Now()
	srv, err := server.NewServer(&server.Options{
		JetStream: true, StoreDir: dir, SyncAlways: true, DontListen: true, NoLog: true, NoSigs: true, MaxPayload: 8 << 20,
		JetStreamMaxStore: 1 << 50, JetStreamMaxMemory: 64 << 20,
	})
	require.NoError(t, err)
	srv.Start()
	require.True(t, srv.ReadyForConnections(soon))
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	require.NoError(t, err)
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	_, err = js.Stream(t.Context(), "CHIME_EVENTS")
	require.NoError(t, err)
	took := time.Since(begin)
	nc.Close()
	srv.Shutdown()
	srv.WaitForShutdown()
	return took.Round(time.Millisecond)
}

// config writes the configuration of a router on a stock.
func (s stock) config(t *testing.T, dir, admin string) string {
	t.Helper()
	return write(t, "carillon.yaml", `
nats: {embedded: {dir: %q}}
stream: {max_bytes: %s}
http: {listen: %q}
admin: {listen: %q}
order: {mode: time, window: %s}
log: {level: warn}
sources:
  queue: {type: eventbridge, auth: {none: true}}
sinks:
  out: {type: file, path: %q}
`, dir, stockStream().MaxBytes, freeAddr(t), admin, holdWindow, filepath.Join(t.TempDir(), "events.ndjson"))
}

// processed waits until every record of RAW was judged and what is new is in EVENTS.
func (s stock) processed(t *testing.T, p *process) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond) // Looking costs the router more than a probe of its readiness.
	defer tick.Stop()
	p.await(t, 5*time.Minute, "RAW processed", func() bool {
		<-tick.C
		c := scrape(t, p)
		judged := c["carillon_dedupe_events_total"] + c["carillon_dedupe_witnesses_total"]
		return judged == float64(s.raw) && c["carillon_order_held_events"] == 0
	})
}

// audit expects EVENTS to hold so many events, each once. It looks into the blocks of the stream: to read it from a server takes
// a minute, and nothing was removed from it.
func audit(t *testing.T, dir string, events int) {
	t.Helper()
	blocks, err := filepath.Glob(filepath.Join(dir, "jetstream", "$G", "streams", "CHIME_EVENTS", "msgs", "*.blk"))
	require.NoError(t, err)
	header := []byte("\r\n" + journal.HeaderID + ": ")
	seen := make(map[[2 * len(chime.Identity{})]byte]string, events)
	for _, file := range blocks {
		block, err := os.ReadFile(file)
		require.NoError(t, err)
		for {
			_, rest, found := bytes.Cut(block, header)
			if !found {
				break
			}
			id := [2 * len(chime.Identity{})]byte(rest)
			if first, twice := seen[id]; twice {
				require.Fail(t, "an event is in EVENTS twice", "%s in %s and %s", id, first, file)
			}
			seen[id], block = file, rest
		}
	}
	require.Len(t, seen, events)
}

// peakBytes returns how much memory the process held at most so far, as Linux tells it.
func peakBytes(t *testing.T, p *process) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "VmHWM:")
	require.True(t, found)
	var kib int64
	_, err = fmt.Sscanf(rest, "%d kB", &kib)
	require.NoError(t, err)
	return kib << 10
}

// stockStream holds a million events, and the records, with space to spare.
func stockStream() journal.StreamConfig {
	stream := journal.DefaultStream()
	stream.MaxBytes = 2 * pipeline.GiB
	return stream
}
