package file_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/file"
	"carillon/connectors/lines"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func settings() pipeline.Settings {
	return pipeline.Settings{
		ID: "audit", Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now,
	}
}

func open(t *testing.T, factory pipeline.SinkFactory, change func(*file.Config)) pipeline.Sink {
	t.Helper()
	cfg, ok := factory.Config().(*file.Config)
	require.True(t, ok)
	change(cfg)
	require.NoError(t, cfg.Validate())
	sink, err := factory.New(cfg, settings())
	require.NoError(t, err)
	return sink
}

func TestSink(t *testing.T) {
	for _, fsync := range []lines.Sync{lines.SyncNever, lines.SyncInterval, lines.SyncAlways} {
		t.Run(string(fsync), func(t *testing.T) {
			connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
				t.Helper()
				p := newPlace(t)
				return connectortest.SinkDriver{
					Open: func() pipeline.Sink {
						return open(t, file.Factory(), func(c *file.Config) { c.Path, c.Fsync = p.path, fsync })
					},
					Accepted: p.accepted, Cut: p.cut,
					Waived: map[connectortest.Ability]string{
						connectortest.Refuse: "a file system refuses bytes, not events; the suite of package stdout has it",
						connectortest.Stall:  "a regular file answers at once; the suite of package stdout has it",
					},
				}
			})
		})
	}
}

// TestFaults rotates while it writes, and somebody else rotates, too.
func TestFaults(t *testing.T) {
	p := newPlace(t)
	connectortest.Faults(t, connectortest.FaultDriver{
		Open: func() pipeline.Sink {
			return open(t, file.Factory(), func(c *file.Config) { c.Path, c.Rotate.MaxSize = p.path, 16*pipeline.KiB })
		},
		Accepted: p.accepted, Cut: p.cut, Restart: p.rotate,
		Waived: map[connectortest.Ability]string{
			connectortest.Errors: "a file system does not fail at will; the disk of package lines does",
			connectortest.Delay:  "a file system does not wait at will; the disk of package lines does",
		},
	}, connectortest.FaultOptions{})
	require.Greater(t, len(p.rotated(t)), 5)
}

// place is a folder with a file that is written.
type place struct {
	t            *testing.T
	folder, path string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "logs")
	require.NoError(t, os.Mkdir(folder, 0o750))
	return &place{t: t, folder: folder, path: filepath.Join(folder, "events.ndjson")}
}

// rotated returns the files that were rotated, the oldest first.
func (p *place) rotated(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(p.folder, "events-*.ndjson"))
	require.NoError(t, err)
	return names
}

func (p *place) accepted() []chime.Identity {
	var out []chime.Identity
	for _, name := range append(p.rotated(p.t), p.path) {
		out = append(out, identities(p.t, content(p.t, name))...)
	}
	return out
}

// cut takes the folder away.
func (p *place) cut() (mend func()) {
	require.NoError(p.t, os.Rename(p.folder, p.folder+"-gone"))
	return func() { require.NoError(p.t, os.Rename(p.folder+"-gone", p.folder)) }
}

// rotate is what a log rotation does that knows nothing of the sink but how it names files: after the newest one, as the tests
// read them by name.
func (p *place) rotate() {
	at := time.Now().UTC()
	const layout = "events-2006-01-02T15-04-05.000Z.ndjson"
	if names := p.rotated(p.t); len(names) > 0 {
		newest, err := time.Parse(layout, filepath.Base(names[len(names)-1]))
		require.NoError(p.t, err)
		if at.Before(newest.Add(time.Millisecond)) {
			at = newest.Add(time.Millisecond)
		}
	}
	if err := os.Rename(p.path, filepath.Join(p.folder, at.Format(layout))); !os.IsNotExist(err) {
		require.NoError(p.t, err)
	}
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return b
}

// identities reads the whole lines of text. A line that is no JSON is a half line that was ended.
func identities(t *testing.T, text []byte) []chime.Identity {
	t.Helper()
	var out []chime.Identity
	lines := bytes.Split(text, []byte("\n"))
	for _, line := range lines[:len(lines)-1] { // what follows the last newline is no line yet
		var e struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		id, err := chime.ParseIdentity(e.ID)
		require.NoError(t, err)
		out = append(out, id)
	}
	return out
}

func event(n byte) pipeline.Event {
	return pipeline.Event{ID: chime.Identity{15: n}, Key: "m", Kind: "chime:MeetingStarted", Sequence: uint64(n), Body: []byte(`{"n":1}`)}
}

func TestWrite_EndsATornLineFromBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	require.NoError(t, os.WriteFile(path, []byte("{\"id\":\"whole\"}\n{\"id\":\"ha"), 0o600))
	sink := open(t, file.Factory(), func(c *file.Config) { c.Path = path })
	require.NoError(t, sink.Write(t.Context(), []pipeline.Event{event(1), event(2)}))
	require.NoError(t, sink.Close(t.Context()))
	lines := bytes.Split(content(t, path), []byte("\n"))
	require.Len(t, lines, 5)
	require.True(t, bytes.Equal([]byte(`{"id":"ha`), lines[1]))
	require.Contains(t, string(lines[2]), `"sequence":1,`)
	require.Contains(t, string(lines[3]), `"sequence":2,`)
	require.Empty(t, lines[4])
}

func TestWrite_GoesOnInANewFileAfterRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	sink := open(t, file.Factory(), func(c *file.Config) { c.Path = path })
	require.NoError(t, sink.Write(t.Context(), []pipeline.Event{event(1)}))
	require.NoError(t, os.Rename(path, path+".1"))
	require.NoError(t, sink.Write(t.Context(), []pipeline.Event{event(2)}))
	require.NoError(t, os.Remove(path))
	require.NoError(t, sink.Write(t.Context(), []pipeline.Event{event(3)}))
	require.NoError(t, os.Rename(path, path+".3"))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, sink.Write(t.Context(), []pipeline.Event{event(4)}))
	require.Equal(t, []chime.Identity{{15: 4}}, identities(t, content(t, path)))
	require.NoError(t, os.Truncate(path, 0))
	require.NoError(t, sink.Write(t.Context(), []pipeline.Event{event(5)}))
	require.NoError(t, sink.Close(t.Context()))
	require.Equal(t, []chime.Identity{{15: 1}}, identities(t, content(t, path+".1")))
	require.Equal(t, []chime.Identity{{15: 3}}, identities(t, content(t, path+".3")))
	require.Equal(t, []chime.Identity{{15: 5}}, identities(t, content(t, path)))
}

func TestStart_MakesTheFileReadableByTheGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	sink := open(t, file.Factory(), func(c *file.Config) { c.Path = path })
	starter, ok := sink.(pipeline.Starter)
	require.True(t, ok)
	require.NoError(t, starter.Start(t.Context()))
	require.NoError(t, sink.Close(t.Context()))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&^0o640)
	require.EqualValues(t, 0o600, info.Mode().Perm()&0o600)
}

func TestStart_TellsAWrongPath(t *testing.T) {
	for name, path := range map[string]string{"a folder": t.TempDir(), "no folder": filepath.Join(t.TempDir(), "none", "x")} {
		t.Run(name, func(t *testing.T) {
			sink := open(t, file.Factory(), func(c *file.Config) { c.Path = path })
			starter, ok := sink.(pipeline.Starter)
			require.True(t, ok)
			require.ErrorContains(t, starter.Start(t.Context()), path)
			require.NoError(t, sink.Close(t.Context()))
		})
	}
}

func TestWrite_AFullDiskIsWorthAnotherTry(t *testing.T) {
	sink := open(t, file.Factory(), func(c *file.Config) { c.Path = "/dev/full" })
	err := sink.Write(t.Context(), []pipeline.Event{event(1)})
	require.ErrorIs(t, err, syscall.ENOSPC)
	class, _ := pipeline.Classify(err)
	require.Equal(t, pipeline.ClassRetry, class)
	require.NoError(t, sink.Close(t.Context()))
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := file.Factory().New(nil, settings())
	require.ErrorContains(t, err, `file sink "audit"`)
}
