package lines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/connectortest"
	"carillon/connectors/format"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newSink(o Options) *Sink {
	o.Component, o.Name = "file", "x"
	if o.Format == "" {
		o.Format = format.JSON
	}
	return New(o, pipeline.Settings{Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now})
}

// flaky is a disk that forgets nothing, and is slow and fails when it is told to. It is safe for concurrent use.
type flaky struct {
	mu    sync.Mutex
	disk  disk
	syncs int
	cut   bool
	share float64
	late  time.Duration
}

func newFlaky() *flaky { return &flaky{disk: disk{room: -1}} }

// set changes f, and returns what changes it back.
func (f *flaky) set(change, back func()) func() {
	do := func(change func()) {
		f.mu.Lock()
		defer f.mu.Unlock()
		change()
	}
	do(change)
	return func() { do(back) }
}

// fate is what becomes of a call.
func (f *flaky) fate() error {
	f.mu.Lock()
	late := f.late
	f.mu.Unlock()
	if late > 0 {
		timer := time.NewTimer(rand.N(late))
		defer timer.Stop()
		<-timer.C
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut || rand.Float64() < f.share {
		return syscall.EIO
	}
	return nil
}

func (f *flaky) Write(p []byte) (int, error) {
	err := f.fate()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.disk.room = -1
	if err != nil {
		f.disk.room = rand.IntN(len(p) + 1)
	}
	if f.cut {
		f.disk.room = 0
	}
	return f.disk.Write(p)
}

func (f *flaky) Sync() error {
	err := f.fate()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.syncs++
	return err
}

func (f *flaky) synced() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.syncs
}

func (f *flaky) Cut(n int) error {
	err := f.fate()
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(err, f.disk.Cut(map[bool]int{true: n}[err == nil]))
}

func (f *flaky) Turn(time.Time, int) string { return "" }

func (f *flaky) Close() error { return nil }

func (f *flaky) open() (Handle, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut {
		return nil, false, syscall.ENOENT
	}
	return f, len(f.disk.text) > 0 && f.disk.text[len(f.disk.text)-1] != '\n', nil
}

func (f *flaky) accepted() []chime.Identity {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []chime.Identity
	for line := range bytes.Lines(f.disk.text) {
		var e struct {
			ID string `json:"id"`
		}
		if json.Unmarshal(line, &e) == nil && line[len(line)-1] == '\n' {
			if id, err := chime.ParseIdentity(e.ID); err == nil {
				out = append(out, id)
			}
		}
	}
	return out
}

func TestFaults(t *testing.T) {
	for _, how := range []Sync{SyncAlways, SyncInterval, SyncNever} {
		t.Run(string(how), func(t *testing.T) {
			f := newFlaky()
			connectortest.Faults(t, connectortest.FaultDriver{
				Open: func() pipeline.Sink {
					return newSink(Options{Open: f.open, Sync: how, Interval: time.Millisecond, Tend: time.Millisecond})
				},
				Accepted: f.accepted,
				Cut:      func() func() { return f.set(func() { f.cut = true }, func() { f.cut = false }) },
				Errors:   func(share float64) func() { return f.set(func() { f.share = share }, func() { f.share = 0 }) },
				Delay: func(most time.Duration) func() {
					return f.set(func() { f.late = most / 10 }, func() { f.late = 0 })
				},
				Waived: map[connectortest.Ability]string{connectortest.Restart: "a disk in memory is gone after that"},
			}, connectortest.FaultOptions{})
		})
	}
}

func TestWrite_RejectsWhatHasNoLineAndHoldsItsMeetingBack(t *testing.T) {
	f := newFlaky()
	s := newSink(Options{Open: f.open, Sync: SyncNever, Format: format.EventBridge})
	events := numbered(0, 6)
	for i := range events {
		events[i].Key, events[i].Body = string(rune('a'+i%2)), []byte(`{"detail":{}}`)
	}
	events[2].Body = []byte("no envelope")
	answers := pipeline.FailedAt(s.Write(t.Context(), events), 6)
	for i, want := range map[int]pipeline.Class{2: pipeline.ClassReject, 4: pipeline.ClassRetry} {
		require.ErrorContains(t, answers[i], `file sink "x"`)
		class, _ := pipeline.Classify(answers[i])
		require.Equal(t, want, class)
	}
	for _, i := range []int{0, 1, 3, 5} {
		require.NoError(t, answers[i])
	}
	require.Equal(t, []chime.Identity{events[0].ID, events[1].ID, events[3].ID, events[5].ID}, f.accepted())

	f.share = 1 // and the disk fails on top
	f.disk.text = nil
	answers = pipeline.FailedAt(s.Write(t.Context(), events), 6)
	var written []chime.Identity // of those that have a line, the first ones, as many as the disk took
	for i, err := range answers {
		if err == nil {
			written = append(written, events[i].ID)
		}
	}
	require.Equal(t, f.accepted(), written)
	f.share = 0
	class, _ := pipeline.Classify(s.Write(t.Context(), events[2:3]))
	require.Equal(t, pipeline.ClassReject, class)
	require.NoError(t, s.Close(t.Context()))
}

func TestSync_OnceInTheIntervalAndAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFlaky()
		s := newSink(Options{Open: f.open, Sync: SyncInterval, Interval: time.Second, Tend: time.Second})
		require.NoError(t, s.Start(t.Context()))
		later := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		write := func() { require.NoError(t, s.Write(t.Context(), numbered(0, 1))) }
		write()
		write()
		require.Zero(t, f.synced())
		later(1100 * time.Millisecond)
		require.Equal(t, 1, f.synced(), "without another event")
		later(10 * time.Second)
		require.Equal(t, 1, f.synced(), "nothing is to be synced")
		write()
		require.Equal(t, 2, f.synced(), "the last one was long ago")
		write()
		require.NoError(t, s.Close(t.Context()))
		require.Equal(t, 3, f.synced())
	})
}

func TestSync_AFailureIsCountedAndOpensAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		f, reg := newFlaky(), prometheus.NewRegistry()
		s := New(Options{Component: "file", Name: "x", Open: f.open, Format: format.JSON, Sync: SyncInterval, Interval: time.Second, Tend: time.Second},
			pipeline.Settings{Logger: slog.New(slog.NewTextHandler(&log, nil)), Registerer: reg, Clock: time.Now})
		require.NoError(t, s.Start(t.Context()))
		require.NoError(t, s.Write(t.Context(), numbered(0, 1)))
		mend := f.set(func() { f.share = 1 }, func() { f.share = 0 })
		<-time.After(10 * time.Second)
		synctest.Wait()
		mend()
		require.InDelta(t, 1, testutil.ToFloat64(s.metrics.unsynced), 0)
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("looking after the file failed")), log.String())
		require.NoError(t, s.Write(t.Context(), numbered(1, 1)))
		require.NoError(t, s.Close(t.Context()))
		require.Len(t, f.accepted(), 2)
	})
}

// TestWrap_Classes is the table of errors: everything is worth another try but what Fatal names.
func TestWrap_Classes(t *testing.T) {
	s := newSink(Options{Fatal: func(err error) bool { return errors.Is(err, syscall.EPIPE) }})
	for err, want := range map[error]pipeline.Class{
		syscall.ENOSPC: pipeline.ClassRetry, syscall.EDQUOT: pipeline.ClassRetry, syscall.EIO: pipeline.ClassRetry, syscall.EROFS: pipeline.ClassRetry,
		syscall.EACCES: pipeline.ClassRetry, syscall.ENOENT: pipeline.ClassRetry, context.Canceled: pipeline.ClassRetry, io.ErrShortWrite: pipeline.ClassRetry,
		syscall.EPIPE: pipeline.ClassFatal, pipeline.Fatal(errClosed): pipeline.ClassFatal,
	} {
		class, _ := pipeline.Classify(s.wrap(err))
		require.Equal(t, want, class, err)
	}
}
