package dedupe

import (
	"cmp"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSizes keeps the promises about memory in the comments.
func TestSizes(t *testing.T) {
	require.EqualValues(t, 48, unsafe.Sizeof(entry{}))
	require.EqualValues(t, 24, unsafe.Sizeof(watch{}))
}

// TestDelay expects a delay to come back at most a 32nd too small, and longer ones never to come back smaller.
func TestDelay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, 1<<35).Draw(t, "delay")
		got := unpackDelay(packDelay(ms))
		require.LessOrEqual(t, got, ms)
		require.LessOrEqual(t, ms-got, ms/32)
		require.LessOrEqual(t, got, unpackDelay(packDelay(ms+rapid.Int64Range(0, 1<<34).Draw(t, "more"))))
	})
	require.Zero(t, packDelay(-1))
	require.Equal(t, uint16(1023), packDelay(1<<62))
}

// TestFifo compares the queue with a slice.
func TestFifo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q fifo[int]
		var want []int
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			for range rapid.IntRange(0, 2*chunk).Draw(t, "pushed") {
				q.push(len(want))
				want = append(want, len(want))
			}
			for range min(rapid.IntRange(0, 2*chunk).Draw(t, "popped"), q.len()) {
				next := want[q.popped]
				require.Equal(t, next, q.pop())
			}
			require.Equal(t, len(want), int(q.popped)+q.len())
			if q.len() > 0 {
				i := rapid.IntRange(0, q.len()-1).Draw(t, "index")
				require.Equal(t, want[int(q.popped)+i], *q.get(i))
			}
			require.LessOrEqual(t, len(q.chunks), q.len()/chunk+2)
		}
	})
}

// TestAround compares the search for what is near with a look at all there is.
func TestAround(t *testing.T) {
	type found struct {
		i        int
		distance int64
	}
	rapid.Check(t, func(t *rapid.T) {
		n := nearby{width: rapid.Int64Range(1, 20).Draw(t, "width")}
		var lines []line
		for range rapid.IntRange(0, 60).Draw(t, "lines") {
			l := line{loose: rapid.Uint64Range(0, 2).Draw(t, "loose"), time: rapid.Int64Range(-60, 60).Draw(t, "time")}
			n.set(len(lines), l.loose, l.time)
			n.set(len(lines), l.loose, l.time)
			lines = append(lines, l)
			if rapid.IntRange(0, 30).Draw(t, "forget") == 0 {
				k := rapid.IntRange(0, len(lines)).Draw(t, "forgotten")
				n.forget(k)
				lines = lines[k:]
			}
		}
		loose, time := rapid.Uint64Range(0, 2).Draw(t, "of"), rapid.Int64Range(-60, 60).Draw(t, "at")
		var want, got []found
		for i, l := range lines {
			if d := max(l.time-time, time-l.time); loose != 0 && l.loose == loose && d <= n.width {
				want = append(want, found{i, d})
			}
		}
		n.around(loose, time, func(i int, distance int64) { got = append(got, found{i, distance}) })
		slices.SortFunc(got, func(a, b found) int { return cmp.Compare(a.i, b.i) })
		require.Equal(t, want, got)
	})
}
