package file

import (
	"sort"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// keepBuffer is how large a buffer may be to be kept for the next batch: 256 events of 16 KiB.
const keepBuffer = 4 << 20

// batch is the text of the events of one Write. It always begins with a newline, which is written only when the line before
// has to be ended. The zero value is ready for use.
type batch struct {
	text []byte
	ends []int // ends[i] is where in text the line of event i ends, its newline included
}

// fill replaces what the batch holds by the lines of events.
func (b *batch) fill(events []pipeline.Event) {
	if cap(b.text) > keepBuffer {
		b.text = nil
	}
	b.text, b.ends = append(b.text[:0], '\n'), b.ends[:0]
	for _, e := range events {
		b.text = append(format.AppendEvent(b.text, e), '\n')
		b.ends = append(b.ends, len(b.text))
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
