package order

import (
	"slices"
	"time"

	"carillon/pipeline/chime"
)

// Entry is an event on its way through the buffer.
type Entry[P any] struct {
	// Key, ID, Kind, Attendee and Time (Unix milliseconds) are those of the event.
	Key      string
	ID       chime.Identity
	Kind     string
	Attendee string
	Time     int64
	// IsLate and Late (milliseconds) are set by the buffer.
	IsLate bool
	Late   int64
	// First is set by the buffer when the attendee's state put the event before others of the same time. It must be given
	// back to Restore.
	First bool
	// Size is how many bytes the event keeps in memory.
	Size int
	// Payload is carried along.
	Payload P
}

// Limits bound what a Buffer holds. Above them the events whose hold ends first leave early (I6).
type Limits struct {
	// Events is the number of events, Bytes the sum of their sizes.
	Events, Bytes int
}

// Buffer holds the events of many meetings. It has one user at a time.
type Buffer[P any] struct {
	config   Config
	limits   Limits
	meetings map[string]*meeting[P]
	due      dueHeap[P]
	ready    []Entry[P]
	held     Limits
	forced   uint64
}

// New returns an empty buffer.
func New[P any](c Config, limits Limits) *Buffer[P] {
	return &Buffer[P]{config: c, limits: limits, meetings: make(map[string]*meeting[P])}
}

// Push takes an event that arrived at now. What it releases is returned by the next Due.
func (b *Buffer[P]) Push(now time.Time, e Entry[P]) {
	if b.config.Mode == ModeNone {
		b.ready = append(b.ready, e)
		return
	}
	m := b.meeting(e.Key)
	h := &held[P]{entry: e, traits: chime.Lookup(e.Kind), due: now.Add(b.config.Window).UnixNano()}
	if late, by := m.late(h); late {
		h.entry.IsLate, h.entry.Late = true, by
		m.state.apply(e.Attendee, h.traits)
		b.ready = append(b.ready, h.entry)
		return
	}
	m.insert(h)
	b.due.push(h)
	b.held.Events++
	b.held.Bytes += e.Size
}

// Due appends to dst what may leave at now, in order, and returns it.
func (b *Buffer[P]) Due(dst []Entry[P], now time.Time) []Entry[P] {
	dst = append(dst, b.ready...)
	clear(b.ready)
	b.ready = b.ready[:0]
	limit := now.UnixNano()
	for len(b.due) > 0 {
		h := b.due[0]
		if !h.released && h.due > limit {
			if b.held.Events <= b.limits.Events && b.held.Bytes <= b.limits.Bytes {
				break
			}
			b.forced++
		}
		b.due.pop()
		if !h.released {
			dst = b.release(dst, h)
		}
	}
	return dst
}

// release appends h and all that precede it in its meeting.
func (b *Buffer[P]) release(dst []Entry[P], h *held[P]) []Entry[P] {
	m := b.meetings[h.entry.Key]
	group := m.arrange(h.entry.Time)
	n := group + slices.Index(m.held[group:], h) + 1
	for _, x := range m.held[:n] {
		x.released = true
		b.held.Bytes -= x.entry.Size
		m.pass(x)
		dst = append(dst, x.entry)
	}
	b.held.Events -= n
	m.held = slices.Delete(m.held, 0, n)
	return dst
}

// Next returns when the next hold ends; false when nothing is held.
func (b *Buffer[P]) Next() (time.Time, bool) {
	for len(b.due) > 0 && b.due[0].released {
		b.due.pop()
	}
	if len(b.ready) > 0 {
		return time.Time{}, true
	}
	if len(b.due) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, b.due[0].due), true
}

// Restore tells the buffer of an event that left before: of a meeting that is not in memory, in the order they left.
func (b *Buffer[P]) Restore(e Entry[P]) {
	if b.config.Mode == ModeNone {
		return
	}
	m := b.meeting(e.Key)
	h := &held[P]{entry: e, traits: chime.Lookup(e.Kind)}
	if e.IsLate {
		m.state.apply(e.Attendee, h.traits)
		return
	}
	m.pass(h)
}

// Forget drops what is known of a meeting. It reports false, and does nothing, while events of it are held.
func (b *Buffer[P]) Forget(key string) bool {
	m, ok := b.meetings[key]
	if ok && len(m.held) > 0 {
		return false
	}
	delete(b.meetings, key)
	return true
}

// Held returns how many events wait.
func (b *Buffer[P]) Held() int { return b.held.Events }

// Forced returns how many times a hold was cut short because too many events were held.
func (b *Buffer[P]) Forced() uint64 { return b.forced }

func (b *Buffer[P]) meeting(key string) *meeting[P] {
	m, ok := b.meetings[key]
	if !ok {
		m = &meeting[P]{state: make(state)}
		b.meetings[key] = m
	}
	return m
}
