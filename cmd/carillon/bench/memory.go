package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
	"unsafe"

	"carillon/pipeline/chime"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/order"
)

// lifeEvents is how many events a meeting has behind it when its memory is measured: the middle of an ordinary one.
const lifeEvents = 24

// noLimits lets a buffer hold everything.
func noLimits() order.Limits { return order.Limits{Events: math.MaxInt, Bytes: math.MaxInt} }

// memory measures the heap of the pure stages and the read of cold meetings.
func (b *bench) memory(ctx context.Context) error {
	n := b.options.size.memoryMeetings
	m := &Memory{BytesPerEvent: rememberedBytes(n)}
	var err error
	if m.BytesPerMeeting, err = meetingBytes(n, order.DefaultConfig()); err != nil {
		return err
	}
	b.report.Memory = m
	return b.inDir(func(dir string) error { return b.cold(ctx, dir, m) })
}

// heap returns the bytes of live objects.
func heap() float64 {
	runtime.GC()
	runtime.GC() // What the first one finalised.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// rememberedBytes returns what dedupe keeps for an event, over meetings of 8 to 72 events, whatever their number does to the
// size of a map.
func rememberedBytes(meetings int) float64 {
	memories := make([]dedupe.Memory, meetings)
	before, events := heap(), 0
	for i := range memories {
		for range 8 + i%65 {
			var id chime.Identity
			binary.BigEndian.PutUint64(id[:8], mix(uint64(events)))
			binary.BigEndian.PutUint64(id[8:], mix(^uint64(events)))
			events++
			memories[i].See(id, uint64(events)) //nolint:gosec // never negative
		}
	}
	used := heap() - before
	runtime.KeepAlive(memories)
	return used / float64(events)
}

// meetingBytes returns what order keeps for a meeting in the middle of its life of which nothing is held, its key included,
// and what dedupe keeps before the first event.
func meetingBytes(meetings int, c order.Config) (float64, error) {
	life := newCalendar(meetings, 1, 0)
	before := heap()
	buffer := order.New[struct{}](c, noLimits())
	now := time.Unix(1_700_000_000, 0)
	var out []order.Entry[struct{}]
	for slot := range meetings {
		key := string((happening{slot: slot}).appendMeeting(nil))
		for range lifeEvents {
			buffer.Push(now, lifeEntry(key, life.of(slot)))
			now = now.Add(time.Millisecond)
		}
		out = buffer.Due(out[:0], now)
	}
	out = buffer.Due(out[:0], now.Add(time.Hour))
	clear(out)
	if held := buffer.Held(); held > 0 {
		return 0, fmt.Errorf("measuring a meeting: order still holds %d events an hour later", held)
	}
	used := heap() - before
	runtime.KeepAlive(buffer)
	runtime.KeepAlive(life)
	return used/float64(meetings) + float64(unsafe.Sizeof(dedupe.Memory{})), nil
}

func lifeEntry(key string, h happening) order.Entry[struct{}] {
	e := order.Entry[struct{}]{Key: key, Kind: h.kind, Time: 1_700_000_000_000 + int64(h.number), Size: usualBody}
	binary.BigEndian.PutUint64(e.ID[:8], mix(uint64(h.number))) //nolint:gosec // never negative
	if h.attendee != nobody {
		e.Attendee = string(h.appendAttendee(nil))
	}
	return e
}

// cold fills EVENTS and reads back the history of some of its meetings, one at a time.
func (b *bench) cold(ctx context.Context, dir string, m *Memory) error {
	const perMeeting, reads = 50, 500
	j, err := openJournal(ctx, dir, b.options.Partitions, b.logger)
	if err != nil {
		return err
	}
	meetings := b.options.size.coldMeetings
	keys, err := writeHistory(ctx, j, newCalendar(meetings, b.options.Seed, b.base), perMeeting*meetings)
	times, events := make([]time.Duration, 0, reads), 0
	for i := 0; i < min(reads, len(keys)) && err == nil; i++ {
		k := keys[i*len(keys)/min(reads, len(keys))]
		begin := time.Now()
		history, readErr := j.History(ctx, k.partition, k.key)
		times, events = append(times, time.Since(begin)), events+len(history)
		if err = readErr; err == nil && len(history) == 0 {
			err = fmt.Errorf("reading a history of partition %d: nothing is there", k.partition)
		}
	}
	m.ColdLoad, m.ColdEvents = quantiles(times), float64(events)/float64(max(len(times), 1))
	return errors.Join(err, j.Close())
}
