package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// disk is a destination in memory that fails when it is told to.
type disk struct {
	text   []byte
	room   int // how many bytes the next write takes; -1: all
	noCut  bool
	noSync bool
	moved  bool
	open   int
}

func (d *disk) Write(p []byte) (int, error) {
	n := len(p)
	if d.room >= 0 && d.room < n {
		n = d.room
		d.room = -1
		d.text = append(d.text, p[:n]...)
		return n, syscall.ENOSPC
	}
	d.text = append(d.text, p...)
	return n, nil
}

func (d *disk) Sync() error {
	if d.noSync {
		return syscall.EIO
	}
	return nil
}

func (d *disk) Cut(n int) error {
	if d.noCut {
		return errors.New("no cutting")
	}
	d.text = d.text[:len(d.text)-n]
	return nil
}

func (d *disk) Moved() bool { return d.moved }

func (d *disk) Close() error { d.open--; return nil }

func (d *disk) output(fsync bool) *output {
	return &output{
		fsync: fsync, logger: slog.New(slog.DiscardHandler), metrics: newMetrics(nil),
		open: func() (handle, bool, error) {
			d.open++
			return d, len(d.text) > 0 && d.text[len(d.text)-1] != '\n', nil
		},
	}
}

func numbered(from, n int) []pipeline.Event {
	events := make([]pipeline.Event, n)
	for i := range events {
		at := from + i
		events[i] = pipeline.Event{ID: chime.Identity{14: byte(at >> 8), 15: byte(at)}, Key: "m", Body: []byte("{}")}
	}
	return events
}

// TestOutput_LinesStayWhole writes batches to a disk that runs full at any byte, refuses to cut or to sync, and is closed and
// opened at any time. Whatever happens, an accepted event has its whole line, in order, and a line is never glued to another.
func TestOutput_LinesStayWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &disk{room: -1}
		fsync := rapid.Bool().Draw(t, "fsync")
		o := d.output(fsync)
		var b batch
		next := 0
		var want []string
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			d.room = rapid.IntRange(-1, 700).Draw(t, "room")
			d.noCut, d.noSync = rapid.Bool().Draw(t, "no cut"), rapid.Bool().Draw(t, "no sync")
			d.moved = rapid.Bool().Draw(t, "opened again")
			events := numbered(next, rapid.IntRange(1, 5).Draw(t, "events"))
			b.fill(events)
			lines, err := o.write(context.Background(), &b)
			require.Equal(t, lines == len(events), err == nil)
			for _, e := range events[:lines] {
				want = append(want, e.ID.String())
			}
			next += lines // the rest is written again, as deliver does
		}
		require.NoError(t, o.close())
		require.Zero(t, d.open)
		requireLines(t, d.text, want)
	})
}

// requireLines fails unless the first whole line of every identity in want is there, in order, and every other line is the
// beginning of one.
func requireLines(t *rapid.T, text []byte, want []string) {
	seen := map[string]bool{}
	var got []string
	for line := range strings.Lines(string(text)) {
		require.LessOrEqual(t, strings.Count(line, `"id"`), 1, "two events share a line: %s", line)
		id, ok := strings.CutPrefix(line, `{"id":"`)
		if !ok || !strings.HasSuffix(line, "{}}\n") || seen[id[:32]] {
			continue
		}
		seen[id[:32]] = true
		got = append(got, id[:32])
	}
	require.GreaterOrEqual(t, len(got), len(want))
	require.Equal(t, want, append([]string(nil), got[:len(want)]...))
}

func TestOutput_CutsAHalfLineOff(t *testing.T) {
	d := &disk{room: -1}
	o := d.output(false)
	var b batch
	b.fill(numbered(0, 3))
	d.room = b.ends[1] + 5
	lines, err := o.write(t.Context(), &b)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Equal(t, 2, lines)
	require.Equal(t, b.text[1:b.ends[1]], d.text)
	require.False(t, o.torn)
}

func TestOutput_EndsAHalfLineThatCannotBeCut(t *testing.T) {
	d := &disk{room: -1, noCut: true}
	o := d.output(false)
	var b batch
	b.fill(numbered(0, 1))
	d.room = 10
	_, err := o.write(t.Context(), &b)
	require.ErrorIs(t, err, syscall.ENOSPC)
	_, err = o.write(t.Context(), &b)
	require.NoError(t, err)
	require.Equal(t, string(b.text[1:11])+"\n"+string(b.text[1:]), string(d.text))
	require.InDelta(t, 1, testutil.ToFloat64(o.metrics.torn), 0)
}

func TestOutput_AcceptsNothingThatWasNotSynced(t *testing.T) {
	d := &disk{room: -1, noSync: true}
	o := d.output(true)
	var b batch
	b.fill(numbered(0, 2))
	lines, err := o.write(t.Context(), &b)
	require.ErrorIs(t, err, syscall.EIO)
	require.Zero(t, lines)
	require.Zero(t, d.open, "the file is opened anew after lost pages")
}

func TestOutput_AWriterThatWritesShortIsAnError(t *testing.T) {
	o := (&disk{}).output(false)
	o.open = func() (handle, bool, error) { return stream{Writer: short{}}, false, nil }
	var b batch
	b.fill(numbered(0, 1))
	_, err := o.write(t.Context(), &b)
	require.ErrorIs(t, err, io.ErrShortWrite)
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestRegular_CutsOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	h, torn, err := openPath(path, true)
	require.NoError(t, err)
	require.False(t, torn)
	_, err = h.Write([]byte("one\ntwo"))
	require.NoError(t, err)
	require.NoError(t, h.Cut(3))
	require.NoError(t, h.Sync())
	require.Equal(t, "one\n", read(t, path))

	_, err = h.Write([]byte("two\nthr"))
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\nthr", read(t, path))
	other, _, err := openPath(path, false)
	require.NoError(t, err)
	_, err = other.Write([]byte("other\n"))
	require.NoError(t, err)
	require.ErrorContains(t, h.Cut(3), "something else was appended")
	require.Equal(t, "one\ntwo\nthrother\n", read(t, path))
	require.NoError(t, other.Close())
	require.NoError(t, h.Close())
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// TestWrap_Classes is the table of this sink's errors.
func TestWrap_Classes(t *testing.T) {
	for _, row := range []struct {
		err    error
		file   pipeline.Class
		stdout pipeline.Class
	}{
		{syscall.ENOSPC, pipeline.ClassRetry, pipeline.ClassRetry},
		{syscall.EDQUOT, pipeline.ClassRetry, pipeline.ClassRetry},
		{syscall.EIO, pipeline.ClassRetry, pipeline.ClassRetry},
		{syscall.EROFS, pipeline.ClassRetry, pipeline.ClassRetry},
		{os.ErrPermission, pipeline.ClassRetry, pipeline.ClassRetry},
		{os.ErrNotExist, pipeline.ClassRetry, pipeline.ClassRetry},
		{context.Canceled, pipeline.ClassRetry, pipeline.ClassRetry},
		{io.ErrShortWrite, pipeline.ClassRetry, pipeline.ClassRetry},
		{syscall.EPIPE, pipeline.ClassRetry, pipeline.ClassFatal},
		{io.ErrClosedPipe, pipeline.ClassRetry, pipeline.ClassFatal},
		{os.ErrClosed, pipeline.ClassRetry, pipeline.ClassFatal},
		{pipeline.Fatal(errClosed), pipeline.ClassFatal, pipeline.ClassFatal},
	} {
		for stdout, want := range map[bool]pipeline.Class{false: row.file, true: row.stdout} {
			s := &sink{name: "x", stdout: stdout}
			class, _ := pipeline.Classify(s.wrap(fmt.Errorf("appending: %w", row.err)))
			require.Equal(t, want, class, "%v, stdout %v", row.err, stdout)
		}
	}
}

func TestBatch_LetsGoOfALargeBuffer(t *testing.T) {
	var b batch
	b.fill([]pipeline.Event{{Body: bytes.Repeat([]byte{' '}, keepBuffer+1)}})
	require.Greater(t, cap(b.text), keepBuffer)
	b.fill(numbered(0, 1))
	require.Less(t, cap(b.text), keepBuffer)
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	newMetrics(reg)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
	n, err := testutil.GatherAndCount(reg, "carillon_file_writes_total")
	require.NoError(t, err)
	require.Equal(t, 3, n, "every outcome is there from the start")
}

func TestConfig_Validate(t *testing.T) {
	for _, row := range []struct {
		cfg  Config
		want []string
	}{
		{Config{Path: "-"}, nil},
		{Config{Path: "./events.ndjson", Fsync: true}, nil},
		{Config{}, []string{"path: "}},
		{Config{Path: "logs/"}, []string{"path: "}},
		{Config{Path: "a\x00b"}, []string{"path: "}},
		{Config{Path: "-", Fsync: true}, []string{"fsync: "}},
	} {
		err := row.cfg.Validate()
		if row.want == nil {
			require.NoError(t, err)
			continue
		}
		require.Error(t, err)
		lines := strings.Split(err.Error(), "\n")
		require.Len(t, lines, len(row.want))
		for i, prefix := range row.want {
			require.True(t, strings.HasPrefix(lines[i], prefix), lines[i])
		}
	}
}
