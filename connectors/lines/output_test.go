package lines

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/format"
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

func (d *disk) Turn(time.Time, int) string {
	if d.moved {
		return "it was moved"
	}
	return ""
}

func (d *disk) Close() error { d.open--; return nil }

func (d *disk) output(sync Sync) *output {
	return &output{
		sync: sync, interval: time.Second, logger: slog.New(slog.DiscardHandler), metrics: newMetrics(nil, "file"),
		open: func() (Handle, bool, error) {
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
		o := d.output(rapid.SampledFrom([]Sync{SyncAlways, SyncInterval, SyncNever}).Draw(t, "sync"))
		var b batch
		next := 0
		var now time.Time
		var want []string
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			d.room = rapid.IntRange(-1, 700).Draw(t, "room")
			d.noCut, d.noSync = rapid.Bool().Draw(t, "no cut"), rapid.Bool().Draw(t, "no sync")
			d.moved = rapid.Bool().Draw(t, "opened again")
			events := numbered(next, rapid.IntRange(1, 5).Draw(t, "events"))
			b.fill(format.JSON, events)
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "later")) * time.Millisecond)
			lines, err := o.write(context.Background(), now, &b)
			require.Equal(t, lines == len(events), err == nil)
			for _, e := range events[:lines] {
				want = append(want, e.ID.String())
			}
			next += lines // the rest is written again, as deliver does
		}
		d.noSync = false
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
	o := d.output(SyncNever)
	var b batch
	b.fill(format.JSON, numbered(0, 3))
	d.room = b.ends[1] + 5
	lines, err := o.write(t.Context(), time.Time{}, &b)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Equal(t, 2, lines)
	require.Equal(t, b.text[1:b.ends[1]], d.text)
	require.False(t, o.torn)
}

func TestOutput_EndsAHalfLineThatCannotBeCut(t *testing.T) {
	d := &disk{room: -1, noCut: true}
	o := d.output(SyncNever)
	var b batch
	b.fill(format.JSON, numbered(0, 1))
	d.room = 10
	_, err := o.write(t.Context(), time.Time{}, &b)
	require.ErrorIs(t, err, syscall.ENOSPC)
	_, err = o.write(t.Context(), time.Time{}, &b)
	require.NoError(t, err)
	require.Equal(t, string(b.text[1:11])+"\n"+string(b.text[1:]), string(d.text))
	require.InDelta(t, 1, testutil.ToFloat64(o.metrics.torn), 0)
}

func TestOutput_AcceptsNothingThatWasNotSynced(t *testing.T) {
	d := &disk{room: -1, noSync: true}
	o := d.output(SyncAlways)
	var b batch
	b.fill(format.JSON, numbered(0, 2))
	lines, err := o.write(t.Context(), time.Time{}, &b)
	require.ErrorIs(t, err, syscall.EIO)
	require.Zero(t, lines)
	require.Zero(t, d.open, "the file is opened anew after lost pages")
}

func TestOutput_AWriterThatWritesShortIsAnError(t *testing.T) {
	o := (&disk{}).output(SyncNever)
	o.open = func() (Handle, bool, error) { return Stream{Writer: short{}}, false, nil }
	var b batch
	b.fill(format.JSON, numbered(0, 1))
	_, err := o.write(t.Context(), time.Time{}, &b)
	require.ErrorIs(t, err, io.ErrShortWrite)
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestBatch_LetsGoOfALargeBuffer(t *testing.T) {
	var b batch
	b.fill(format.JSON, []pipeline.Event{{Body: bytes.Repeat([]byte{' '}, keepBuffer+1)}})
	require.Greater(t, cap(b.text), keepBuffer)
	b.fill(format.JSON, numbered(0, 1))
	require.Less(t, cap(b.text), keepBuffer)
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	newMetrics(reg, "file")
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
	n, err := testutil.GatherAndCount(reg, "carillon_file_writes_total")
	require.NoError(t, err)
	require.Equal(t, 3, n, "every outcome is there from the start")
}
