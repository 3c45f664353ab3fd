package stdout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/format"
	"carillon/connectors/stdout"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func settings() pipeline.Settings {
	return pipeline.Settings{
		ID: "out", Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now,
	}
}

func open(t *testing.T, factory pipeline.SinkFactory) pipeline.Sink {
	t.Helper()
	cfg := factory.Config()
	require.NoError(t, cfg.Validate())
	sink, err := factory.New(cfg, settings())
	require.NoError(t, err)
	return sink
}

func event(n byte) pipeline.Event {
	return pipeline.Event{ID: chime.Identity{15: n}, Key: "m", Kind: "chime:MeetingStarted", Sequence: uint64(n), Body: []byte(`{"n":1}`)}
}

func TestSink(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		out := &console{}
		return connectortest.SinkDriver{
			Open: func() pipeline.Sink {
				return open(t, stdout.FactoryWith(stdout.Options{Stdout: out}))
			},
			Accepted: func() []chime.Identity { return identities(t, out.text()) },
			Refuse:   out.refuse,
			Stall:    out.Stall,
			Cut: func() func() {
				out.cut(syscall.EPIPE)
				return func() { out.cut(nil) }
			},
		}
	})
}

// TestFaults has a disk behind standard output that fails; a reader that goes away for good stops the sink.
func TestFaults(t *testing.T) {
	out := &console{}
	connectortest.Faults(t, connectortest.FaultDriver{
		Open:     func() pipeline.Sink { return open(t, stdout.FactoryWith(stdout.Options{Stdout: out})) },
		Accepted: func() []chime.Identity { return identities(t, out.text()) },
		Cut: func() func() {
			out.cut(syscall.EAGAIN)
			return func() { out.cut(nil) }
		},
		Errors: out.fail, Delay: out.delay,
		Waived: map[connectortest.Ability]string{connectortest.Restart: "a process has one standard output in its life"},
	}, connectortest.FaultOptions{})
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
	connectortest.Hold

	mu      sync.Mutex
	got     []byte
	refused func(chime.Identity) bool
	broken  error
	share   float64
	late    time.Duration
}

func (c *console) Write(p []byte) (int, error) {
	c.delayed()
	_ = c.Wait(context.Background()) // a test resumes what it stalls
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return 0, c.broken
	}
	n := c.room(p)
	if rand.Float64() < c.share {
		n = rand.IntN(len(p))
	}
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

func (c *console) delayed() {
	c.mu.Lock()
	late := c.late
	c.mu.Unlock()
	if late > 0 {
		timer := time.NewTimer(rand.N(late))
		defer timer.Stop()
		<-timer.C
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

func (c *console) fail(share float64) (end func()) {
	c.set(func() { c.share = share })
	return func() { c.set(func() { c.share = 0 }) }
}

func (c *console) delay(most time.Duration) (end func()) {
	c.set(func() { c.late = most })
	return func() { c.set(func() { c.late = 0 }) }
}

func (c *console) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// TestErrors_Classes is the table of this sink's errors.
func TestErrors_Classes(t *testing.T) {
	for err, want := range map[error]pipeline.Class{
		syscall.ENOSPC: pipeline.ClassRetry, syscall.EIO: pipeline.ClassRetry, syscall.EAGAIN: pipeline.ClassRetry,
		syscall.EPIPE: pipeline.ClassFatal, io.ErrClosedPipe: pipeline.ClassFatal, os.ErrClosed: pipeline.ClassFatal,
	} {
		out := &console{broken: fmt.Errorf("writing: %w", err)}
		sink := open(t, stdout.FactoryWith(stdout.Options{Stdout: out}))
		got := sink.Write(t.Context(), []pipeline.Event{event(1)})
		class, _ := pipeline.Classify(got)
		require.Equal(t, want, class, err)
		require.ErrorIs(t, got, err)
		require.ErrorContains(t, got, `stdout sink "out"`)
		require.NoError(t, sink.Close(t.Context()))
	}
}

func TestConfig_Validate(t *testing.T) {
	require.NoError(t, (&stdout.Config{Format: format.CloudEvents}).Validate())
	err := (&stdout.Config{Format: format.CloudEventsBinary}).Validate()
	require.EqualError(t, err, `format: "cloudevents-binary" is not json, raw, eventbridge or cloudevents`)
}

func TestWrite_AfterCloseIsFatal(t *testing.T) {
	out := &console{}
	sink := open(t, stdout.FactoryWith(stdout.Options{Stdout: out}))
	require.NoError(t, sink.Close(t.Context()))
	class, _ := pipeline.Classify(sink.Write(t.Context(), []pipeline.Event{event(1)}))
	require.Equal(t, pipeline.ClassFatal, class)
	require.Empty(t, out.text())
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := stdout.Factory().New(nil, settings())
	require.ErrorContains(t, err, `stdout sink "out"`)
}

func BenchmarkWrite(b *testing.B) {
	events := make([]pipeline.Event, 256)
	for i := range events {
		events[i] = event(byte(i))
		events[i].Body = []byte(`{"timestamp":1760000000123}`)
	}
	cfg := stdout.DefaultConfig()
	sink, err := stdout.FactoryWith(stdout.Options{Stdout: io.Discard}).New(&cfg, settings())
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := sink.Write(context.Background(), events); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, sink.Close(context.Background()))
}
