package journal

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// settledPages bounds how many pages of EVENTS one look for settled events reads.
const settledPages = 64

// errUnsettled ends the scan for settled events.
var errUnsettled = errors.New("event of a record that is not processed")

// settledBelow returns the sequence, between first and upTo, below which every event of EVENTS came of a RAW record that its
// partition has passed: reading RAW again finds nothing that those events stand for. It is exact where the age of the oldest
// unprocessed record is only careful, and costs reading EVENTS, each event once: floors only rise, so the next look goes on
// where this one ended. What it gives up is this: after a crash a copy that is still unprocessed may meet an event that is
// gone, and counts as new (I3, the age of the oldest kept event). The other choice is a journal that stays full for ever.
func (j *Journal) settledBelow(ctx context.Context, f rawFloors, first, upTo uint64) (uint64, error) {
	stream, filter := j.names.place(PlaceEvents)
	next := max(j.settled.Load(), first)
	for range settledPages {
		if next >= upTo {
			break
		}
		last, err := j.scanPage(ctx, stream, filter, next, upTo-1, func(m Message) error {
			if !f.settled(m) {
				return errUnsettled
			}
			next = m.Sequence + 1
			return nil
		})
		if errors.Is(err, errUnsettled) {
			break
		}
		if err != nil {
			return 0, err
		}
		if last == 0 || last >= upTo-1 {
			next = upTo
		}
	}
	j.settled.Store(next)
	return min(next, upTo), nil
}

// settled reports whether m, a message of EVENTS, came of a record that was passed. Nothing is known of what other programs
// wrote, and nothing needs it.
func (f rawFloors) settled(m Message) bool {
	e, err := m.Event()
	if err != nil {
		return true
	}
	p, err := strconv.Atoi(strings.Split(m.Subject, ".")[2])
	return err != nil || p >= len(f.each) || e.Raw <= f.each[p]
}
