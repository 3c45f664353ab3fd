package file_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/file"
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

func TestSink_File(t *testing.T) {
	for name, fsync := range map[string]bool{"plain": false, "fsync": true} {
		t.Run(name, func(t *testing.T) {
			connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
				t.Helper()
				folder := filepath.Join(t.TempDir(), "logs")
				require.NoError(t, os.Mkdir(folder, 0o750))
				path := filepath.Join(folder, "events.ndjson")
				return connectortest.SinkDriver{
					Open: func() pipeline.Sink {
						return open(t, file.Factory(), func(c *file.Config) { c.Path, c.Fsync = path, fsync })
					},
					Accepted: func() []chime.Identity { return identities(t, content(t, path)) },
					Cut: func() func() {
						require.NoError(t, os.Rename(folder, folder+"-gone"))
						return func() { require.NoError(t, os.Rename(folder+"-gone", folder)) }
					},
					Waived: map[connectortest.Ability]string{
						connectortest.Refuse: "a file system refuses bytes, not events; the suite on standard output has it",
						connectortest.Stall:  "a regular file answers at once; the suite on standard output has it",
					},
				}
			})
		})
	}
}

func TestSink_Stdout(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		out := &console{}
		return connectortest.SinkDriver{
			Open: func() pipeline.Sink {
				return open(t, file.FactoryWith(file.Options{Stdout: out}), func(c *file.Config) { c.Path = "-" })
			},
			Accepted: func() []chime.Identity { return identities(t, out.text()) },
			Refuse:   out.refuse,
			Stall:    out.stall,
			Cut: func() func() {
				out.cut(syscall.EPIPE)
				return func() { out.cut(nil) }
			},
		}
	})
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

// console is a standard output that can be filled, held and broken.
type console struct {
	mu      sync.Mutex
	got     []byte
	refused func(chime.Identity) bool
	broken  error
	stalled chan struct{}
	entered func()
}

func (c *console) Write(p []byte) (int, error) {
	c.hold()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return 0, c.broken
	}
	n := c.room(p)
	c.got = append(c.got, p[:n]...)
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// room is where the disk is full: in the middle of the first line that is refused.
func (c *console) room(p []byte) int {
	if c.refused == nil {
		return len(p)
	}
	at := 0
	for line := range bytes.Lines(p) {
		var e struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(line, &e) == nil {
			if id, err := chime.ParseIdentity(e.ID); err == nil && c.refused(id) {
				return at + len(line)/2
			}
		}
		at += len(line)
	}
	return len(p)
}

func (c *console) hold() {
	c.mu.Lock()
	stalled, entered := c.stalled, c.entered
	c.mu.Unlock()
	if stalled != nil {
		entered()
		<-stalled
	}
}

func (c *console) text() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.got)
}

func (c *console) refuse(refused func(chime.Identity) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = refused
}

func (c *console) cut(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = err
}

func (c *console) stall() connectortest.Stalled {
	c.mu.Lock()
	defer c.mu.Unlock()
	stalled, entered := make(chan struct{}), make(chan struct{})
	c.stalled, c.entered = stalled, sync.OnceFunc(func() { close(entered) })
	return connectortest.Stalled{Entered: entered, Resume: sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stalled = nil
		close(stalled)
	})}
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

func TestWrite_AfterCloseIsFatal(t *testing.T) {
	out := &console{}
	sink := open(t, file.FactoryWith(file.Options{Stdout: out}), func(c *file.Config) { c.Path = "-" })
	require.NoError(t, sink.Close(t.Context()))
	class, _ := pipeline.Classify(sink.Write(t.Context(), []pipeline.Event{event(1)}))
	require.Equal(t, pipeline.ClassFatal, class)
	require.Empty(t, out.text())
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := file.Factory().New(nil, settings())
	require.ErrorContains(t, err, `file sink "audit"`)
}

func BenchmarkWrite(b *testing.B) {
	events := make([]pipeline.Event, 256)
	for i := range events {
		events[i] = event(byte(i))
		events[i].Body = []byte(`{"timestamp":1760000000123}`)
	}
	cfg := file.Config{Path: "-"}
	sink, err := file.FactoryWith(file.Options{Stdout: io.Discard}).New(&cfg, settings())
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := sink.Write(context.Background(), events); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, sink.Close(context.Background()))
}
