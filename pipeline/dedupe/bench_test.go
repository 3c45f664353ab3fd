package dedupe_test

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/dedupe"
)

// maxBytes is what one remembered event may take in memory, under watch or not, the memory of its meeting included.
const maxBytes = 100

// heap returns the bytes of live objects.
func heap() float64 {
	runtime.GC()
	runtime.GC() // What the first one finalised.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// filling is a ledger with many meetings, and the events to fill it with.
type filling struct {
	ledger   dedupe.Ledger
	memories []*dedupe.Memory
	dice     *rand.Rand
	made     uint64
}

func newFilling(events int, tolerance time.Duration) *filling {
	return &filling{
		dice: rand.New(rand.NewPCG(1, 2)),
		ledger: dedupe.NewLedger(dedupe.Settings{
			Sources: []dedupe.Source{{ID: "queue"}, {ID: "topic"}, {ID: "bus"}}, Tolerance: tolerance, Watched: events,
		}),
	}
}

func (f *filling) event(source string) *pipeline.Event {
	f.made++
	e := &pipeline.Event{Raw: f.made, Loose: f.dice.Uint64() | 1, Source: source, Time: time.UnixMilli(int64(f.made)), Received: time.UnixMilli(int64(f.made))}
	binary.BigEndian.PutUint64(e.ID[:8], f.dice.Uint64())
	binary.BigEndian.PutUint64(e.ID[8:], f.dice.Uint64())
	return e
}

// meet adds meetings of so many events, of which two sources bring each, one after the other.
func (f *filling) meet(perMeeting, meetings int) {
	for range meetings {
		m := new(dedupe.Memory)
		f.memories = append(f.memories, m)
		for range perMeeting {
			e := f.event("queue")
			f.ledger.See(m, e)
			f.ledger.Watch(m, e.Received, e)
			second := *e
			second.Raw, second.Source = 0, "topic"
			f.ledger.See(m, &second)
		}
	}
}

// TestBytesPerEvent measures the heap that memories of meetings of many sizes take.
func TestBytesPerEvent(t *testing.T) {
	for _, perMeeting := range []int{8, 17, 24, 50, 1000, 100_000} {
		f, remembered, watched := fill(100_000, perMeeting)
		t.Logf("%6d events per meeting: %.1f bytes for each, %.1f while it is watched", perMeeting, remembered, watched)
		require.LessOrEqual(t, watched, float64(maxBytes))
		told := 0
		for _, m := range f.memories {
			told += m.Bytes()
		}
		require.InDelta(t, remembered, float64(told)/100_000+72/float64(perMeeting), 10, "what Bytes says")
	}
}

// fill fills memories with events and returns the bytes for each, also while it is watched.
func fill(events, perMeeting int) (f *filling, remembered, watched float64) {
	before := heap()
	f = newFilling(events, 0)
	f.meet(perMeeting, events/perMeeting)
	watched = (heap() - before) / float64(events)
	f.ledger.Abandon(func(uint64) bool { return true })
	remembered = (heap() - before) / float64(events)
	runtime.KeepAlive(f)
	return f, remembered, watched
}

// BenchmarkBytes measures the heap for a million events in many meetings.
func BenchmarkBytes(b *testing.B) {
	for _, perMeeting := range []int{8, 24, 50, 1000} {
		b.Run(strconv.Itoa(perMeeting), func(b *testing.B) {
			for b.Loop() {
				_, remembered, watched := fill(1_000_000, perMeeting)
				b.ReportMetric(remembered, "B/event")
				b.ReportMetric(watched, "B/watched-event")
			}
		})
	}
}

// BenchmarkSee judges a new event, has it watched, and judges two witnesses of it, in meetings of different sizes.
func BenchmarkSee(b *testing.B) {
	for _, size := range []int{8, 50, 1000, 100_000} {
		for _, tolerance := range []time.Duration{0, time.Second} {
			b.Run(strconv.Itoa(size)+"/tolerance="+tolerance.String(), func(b *testing.B) {
				f := newFilling(1<<16, tolerance)
				var first, second, third []*pipeline.Event
				for range size {
					e := f.event("queue")
					x, y := *e, *e
					x.Raw, x.Source, y.Raw, y.Source = 0, "topic", 0, "bus"
					first, second, third = append(first, e), append(second, &x), append(third, &y)
				}
				b.ReportAllocs()
				m, i := new(dedupe.Memory), 0
				for b.Loop() {
					if i == size {
						m, i = new(dedupe.Memory), 0
					}
					f.ledger.See(m, first[i])
					f.ledger.Watch(m, first[i].Received, first[i])
					f.ledger.See(m, second[i])
					f.ledger.See(m, third[i])
					i++
				}
			})
		}
	}
}

// BenchmarkMap is what a map of identities would cost, for comparison.
func BenchmarkMap(b *testing.B) {
	f := newFilling(0, 0)
	var events []*pipeline.Event
	for range 50 {
		events = append(events, f.event("queue"))
	}
	m, i := map[chime.Identity]uint64{}, 0
	for b.Loop() {
		if i == len(events) {
			m, i = map[chime.Identity]uint64{}, 0
		}
		m[events[i].ID] = events[i].Raw
		i++
	}
}
