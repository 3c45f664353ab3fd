package lines

import (
	"errors"
	"sort"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// keepBuffer is how large a buffer may be to be kept for the next batch: 256 events of 16 KiB.
const keepBuffer = 4 << 20

// errBehind is what becomes of an event when an earlier one of its meeting has no line (I5).
var errBehind = errors.New("not written, because an earlier event of the same meeting was not accepted")

// batch is the text of the events of one Write. It always begins with a newline, which is written only when the line before
// has to be ended. The zero value is ready for use.
type batch struct {
	text    []byte
	ends    []int                 // ends[i] is where in text line i ends, its newline included
	at      []int                 // at[i] is which event line i is of
	refused []pipeline.IndexError // events that have no line
}

// fill replaces what the batch holds by the lines of events.
func (b *batch) fill(f format.Format, events []pipeline.Event) {
	if cap(b.text) > keepBuffer {
		b.text = nil
	}
	b.text, b.ends, b.at, b.refused = append(b.text[:0], '\n'), b.ends[:0], b.at[:0], nil
	var stuck map[string]bool
	for i := range events {
		e := &events[i]
		if stuck[e.Key] {
			b.refused = append(b.refused, pipeline.IndexError{Index: i, Err: errBehind})
			continue
		}
		text, err := format.AppendLine(b.text, f, e)
		if err != nil {
			if stuck == nil {
				stuck = make(map[string]bool)
			}
			stuck[e.Key] = true
			b.refused = append(b.refused, pipeline.IndexError{Index: i, Err: err})
			continue
		}
		b.text = append(text, '\n')
		b.ends, b.at = append(b.ends, len(b.text)), append(b.at, i)
	}
}

// whole returns how many lines lie within text[:end], and how many bytes of a half line follow them.
func (b *batch) whole(end int) (lines, rest int) {
	lines = sort.SearchInts(b.ends, end+1)
	if lines == 0 {
		return 0, max(end-1, 0)
	}
	return lines, end - b.ends[lines-1]
}

// size returns how many bytes the first lines are.
func (b *batch) size(lines int) int {
	if lines == 0 {
		return 0
	}
	return b.ends[lines-1] - 1
}
