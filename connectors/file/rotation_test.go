package file_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/file"
	"carillon/connectors/format"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// rig is a file sink whose clock and metrics the test holds.
type rig struct {
	*place
	pipeline.Sink

	now time.Time
	reg *prometheus.Registry
	log bytes.Buffer
}

func newRig(t *testing.T, change func(*file.Config)) *rig {
	t.Helper()
	r := &rig{place: newPlace(t), now: time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC), reg: prometheus.NewPedanticRegistry()}
	cfg := file.DefaultConfig()
	cfg.Path, cfg.Fsync = r.path, "never"
	change(&cfg)
	require.NoError(t, cfg.Validate())
	sink, err := file.Factory().New(&cfg, pipeline.Settings{
		ID: "audit", Logger: slog.New(slog.NewTextHandler(&r.log, nil)), Registerer: r.reg, Clock: func() time.Time { return r.now },
	})
	require.NoError(t, err)
	r.Sink = sink
	t.Cleanup(func() { require.NoError(t, sink.Close(context.WithoutCancel(t.Context()))) })
	return r
}

// write writes events, and makes the file look as if that had happened at the time of the clock.
func (r *rig) write(t *testing.T, numbers ...byte) {
	t.Helper()
	for _, n := range numbers {
		require.NoError(t, r.Write(t.Context(), []pipeline.Event{event(n)}))
		require.NoError(t, os.Chtimes(r.path, r.now, r.now))
	}
}

// files returns the numbers of the events in each file, by its name.
func (r *rig) files(t *testing.T) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(r.folder)
	require.NoError(t, err)
	out := map[string][]byte{}
	for _, e := range entries {
		out[e.Name()] = []byte{}
		for _, id := range identities(t, content(t, filepath.Join(r.folder, e.Name()))) {
			out[e.Name()] = append(out[e.Name()], id[15])
		}
	}
	return out
}

func (r *rig) rotations(t *testing.T, want string) {
	t.Helper()
	require.NoError(t, testutil.GatherAndCompare(r.reg, strings.NewReader(`
# HELP carillon_file_rotations_total Attempts to go on in a new file, by outcome.
# TYPE carillon_file_rotations_total counter
`+want), "carillon_file_rotations_total"))
	problems, err := testutil.GatherAndLint(r.reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestRotate_BySize(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxSize = 4 * pipeline.KiB })
	line := len(format.AppendEvent(nil, event(1))) + 1
	most := byte(4096 / line)
	for n := range 3 * most {
		r.now = r.now.Add(time.Millisecond)
		r.write(t, n)
	}
	files := r.files(t)
	require.Len(t, files, 3)
	for name := range files {
		require.LessOrEqual(t, len(content(t, filepath.Join(r.folder, name))), 4096)
		require.Len(t, files[name], int(most), name)
	}
	require.Len(t, r.accepted(), int(3*most), "in order, nothing missing")
	for i, id := range r.accepted() {
		require.Equal(t, chime.Identity{15: byte(i)}, id)
	}
	r.rotations(t, "carillon_file_rotations_total{outcome=\"failed\"} 0\ncarillon_file_rotations_total{outcome=\"rotated\"} 2\n")
}

func TestRotate_ABatchIsNeverSplit(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxSize = 4 * pipeline.KiB })
	large := make([]pipeline.Event, 100)
	for i := range large {
		large[i] = event(byte(i))
	}
	require.NoError(t, r.Write(t.Context(), large))
	require.Len(t, r.files(t), 1, "an empty file is not rotated")
	r.write(t, 200)
	require.Equal(t, []byte{200}, r.files(t)["events.ndjson"])
}

func TestRotate_ByAge(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxAge = 24 * time.Hour })
	r.write(t, 1)
	r.now = r.now.Add(13*time.Hour + 59*time.Minute)
	r.write(t, 2)
	r.now = r.now.Add(2 * time.Minute)
	r.write(t, 3)
	r.now = r.now.Add(23 * time.Hour)
	r.write(t, 4)
	r.now = r.now.Add(-48 * time.Hour)
	r.write(t, 5)
	require.Equal(t, map[string][]byte{"events-2026-01-06T00-01-00.000Z.ndjson": {1, 2}, "events.ndjson": {3, 4, 5}}, r.files(t),
		"a file for the days of UTC, and a clock that goes back changes nothing")
}

func TestRotate_AFileOfYesterdayAfterARestart(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxAge = time.Hour })
	require.NoError(t, os.WriteFile(r.path, append(format.AppendEvent(nil, event(1)), '\n'), 0o600))
	require.NoError(t, os.Chtimes(r.path, r.now, r.now.Add(-time.Hour)))
	r.write(t, 2)
	require.Equal(t, map[string][]byte{"events-2026-01-05T10-00-00.000Z.ndjson": {1}, "events.ndjson": {2}}, r.files(t))
}

func TestRotate_AnIdleFile(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxAge = time.Hour })
	require.NoError(t, os.WriteFile(r.path, append(format.AppendEvent(nil, event(1)), '\n'), 0o600))
	require.NoError(t, os.Chtimes(r.path, r.now, r.now.Add(-time.Hour)))
	starter, ok := r.Sink.(pipeline.Starter)
	require.True(t, ok)
	require.NoError(t, starter.Start(t.Context()))
	require.Equal(t, map[string][]byte{"events-2026-01-05T10-00-00.000Z.ndjson": {1}, "events.ndjson": {}}, r.eventually(t, 2),
		"without another event")
}

// eventually waits until there are n files.
func (r *rig) eventually(t *testing.T, n int) map[string][]byte {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if files := r.files(t); len(files) == n {
			return files
		}
		<-tick.C
	}
	return r.files(t)
}

func TestRotate_KeepsTheNewest(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxAge, c.Rotate.Keep = time.Hour, 2 })
	other := filepath.Join(r.folder, "events-of-another.ndjson")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	for n := range byte(6) {
		r.write(t, n)
		r.now = r.now.Add(time.Hour)
	}
	require.Equal(t, map[string][]byte{
		"events-2026-01-05T14-00-00.000Z.ndjson": {3}, "events-2026-01-05T15-00-00.000Z.ndjson": {4}, "events.ndjson": {5},
		"events-of-another.ndjson": {},
	}, r.files(t))
}

func TestRotate_TakesNoNameThatIsTaken(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxAge = time.Hour })
	for n := range byte(3) {
		r.write(t, n)
		require.NoError(t, os.Chtimes(r.path, r.now, r.now.Add(-time.Hour)))
	}
	require.Equal(t, map[string][]byte{
		"events-2026-01-05T10-00-00.000Z.ndjson": {0}, "events-2026-01-05T10-00-00.001Z.ndjson": {1}, "events.ndjson": {2},
	}, r.files(t))
}

func TestRotate_GoesOnWhereItCannot(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxAge = time.Hour })
	// A name that is too long once the time is in it: the folder itself cannot be made read-only for root.
	long := filepath.Join(r.folder, strings.Repeat("x", 240))
	cfg := file.DefaultConfig()
	cfg.Path, cfg.Fsync, cfg.Rotate.MaxAge = long, "never", time.Hour
	var log bytes.Buffer
	reg := prometheus.NewPedanticRegistry()
	sink, err := file.Factory().New(&cfg, pipeline.Settings{
		ID: "audit", Logger: slog.New(slog.NewTextHandler(&log, nil)), Registerer: reg, Clock: func() time.Time { return r.now },
	})
	require.NoError(t, err)
	for n := range byte(3) {
		require.NoError(t, sink.Write(t.Context(), []pipeline.Event{event(n)}))
		require.NoError(t, os.Chtimes(long, r.now, r.now.Add(-time.Hour)))
	}
	require.NoError(t, sink.Close(t.Context()))
	require.Len(t, identities(t, content(t, long)), 3)
	require.Equal(t, 1, strings.Count(log.String(), "rotation failed"), log.String())
	r.reg = reg
	r.rotations(t, "carillon_file_rotations_total{outcome=\"failed\"} 2\ncarillon_file_rotations_total{outcome=\"rotated\"} 0\n")
}

func TestRotate_LeavesALinkAlone(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxAge = time.Hour })
	target := filepath.Join(t.TempDir(), "target")
	require.NoError(t, os.WriteFile(target, []byte("no JSON\n"), 0o600))
	require.NoError(t, os.Chtimes(target, r.now, r.now.Add(-time.Hour)))
	require.NoError(t, os.Symlink(target, r.path))
	r.write(t, 1)
	require.Equal(t, map[string][]byte{"events.ndjson": {1}}, r.files(t))
	require.Contains(t, r.log.String(), "name the file itself")
}

func TestRotate_AFileWithoutAnExtension(t *testing.T) {
	for name, want := range map[string]string{"events": "events-2026-01-05T10-00-00.000Z", ".hidden": ".hidden-2026-01-05T10-00-00.000Z"} {
		r := newRig(t, func(c *file.Config) {
			c.Rotate.MaxAge, c.Rotate.Keep = time.Hour, 1
			c.Path = filepath.Join(filepath.Dir(c.Path), name)
		})
		r.path = filepath.Join(r.folder, name)
		r.write(t, 1)
		require.NoError(t, os.Chtimes(r.path, r.now, r.now.Add(-time.Hour)))
		r.write(t, 2)
		require.Equal(t, map[string][]byte{want: {1}, name: {2}}, r.files(t))
	}
}

func TestRotate_NamesSortAsItHappenedWhateverTheClockDoes(t *testing.T) {
	r := newRig(t, func(c *file.Config) { c.Rotate.MaxSize = 4 * pipeline.KiB })
	start, large := r.now, []byte(`"`+strings.Repeat("x", 3000)+`"`)
	for n, at := range []time.Duration{0, 0, 5 * time.Millisecond, -time.Hour, -time.Hour, 0, 7 * time.Millisecond} {
		r.now = start.Add(at)
		e := event(byte(n))
		e.Body = large
		require.NoError(t, r.Write(t.Context(), []pipeline.Event{e}))
	}
	require.Len(t, r.files(t), 7)
	for i, id := range r.accepted() { // reads the files by name
		require.Equal(t, chime.Identity{15: byte(i)}, id)
	}
}
