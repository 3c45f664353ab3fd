package order_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/order"
)

// TestManyEqualTimes pushes events of one time into one meeting, each leaving by the end of its own hold while others come.
func TestManyEqualTimes(t *testing.T) {
	const events = 30_000
	for name, kinds := range map[string][]string{
		"one kind":   {"media-insights:RulesMatched"},
		"reconnects": {"chime:AttendeeJoined", "chime:AttendeeDropped"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBuffer(unlimited)
			for i := range events {
				e := entry(i, 0)
				e.Key, e.Time, e.Kind, e.Attendee = "m", 1, "chime:AttendeeJoined", strconv.Itoa(i/2)
				b.Restore(instant(0), e)
			}
			begin, left := time.Now(), 0
			var out []order.Entry[int]
			for i := range events {
				e := entry(events+i, 0) // In the order of arrival, so that each leaves alone.
				e.Key, e.Time, e.Kind, e.Attendee = "m", 2, kinds[i%len(kinds)], strconv.Itoa(i/2)
				at := start.Add(time.Duration(i) * 2 * window * time.Millisecond / events)
				b.Push(at, e)
				out = b.Due(out[:0], at)
				left += len(out)
			}
			left += len(b.Due(nil, instant(3*window)))
			require.Equal(t, events, left)
			require.Less(t, time.Since(begin), 15*time.Second, "the time grows with the square of the events")
		})
	}
}

// BenchmarkBuffer holds each event for a window of 1,000 arrivals.
func BenchmarkBuffer(b *testing.B) {
	for _, meetings := range []int{1, 100} {
		b.Run(fmt.Sprintf("meetings=%d", meetings), func(b *testing.B) {
			buffer := newBuffer(unlimited)
			keys := make([]string, meetings)
			for i := range keys {
				keys[i] = fmt.Sprintf("meeting-%d", i)
			}
			b.ReportAllocs()
			var out []order.Entry[int]
			for i := 0; b.Loop(); i++ {
				at := start.Add(time.Duration(i) * 10 * time.Microsecond)
				e := entry(i, uint16(i*7919))
				e.Key, e.Attendee, e.Time, e.Size = keys[i%meetings], "attendee", int64(i^7), 1000
				e.Kind = manyKinds[i%len(manyKinds)]
				buffer.Push(at, e)
				out = buffer.Due(out[:0], at)
			}
		})
	}
}
