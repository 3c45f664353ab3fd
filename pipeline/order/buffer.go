package order

import (
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

// Push takes an event that arrived at now, after it released what is due at now. What Push releases is returned by the next
// Due.
func (b *Buffer[P]) Push(now time.Time, e Entry[P]) {
	e.IsLate, e.Late, e.First = false, 0, false
	if b.config.Mode == ModeNone {
		b.ready = append(b.ready, e)
		return
	}
	b.expire(now.UnixNano())
	m := b.meeting(e.Key)
	h := &held[P]{entry: e, traits: chime.Lookup(e.Kind), due: now.Add(b.config.Window).UnixNano()}
	m.place(h)
	for m.line.len() > 0 && m.missed(m.line.front()) {
		b.leave(m, m.line.pop(), true)
	}
	b.held.Events++
	b.held.Bytes += e.Size
	if m.missed(h) {
		b.leave(m, h, true)
		return
	}
	m.line.insert(h)
	b.due.push(h)
	b.relieve()
}

// Due appends to dst what may leave at now and what Push released, in order, and returns it.
func (b *Buffer[P]) Due(dst []Entry[P], now time.Time) []Entry[P] {
	b.expire(now.UnixNano())
	dst = append(dst, b.ready...)
	clear(b.ready)
	b.ready = b.ready[:0]
	return dst
}

// expire releases every event whose hold ended by limit.
func (b *Buffer[P]) expire(limit int64) {
	for len(b.due) > 0 && (b.due[0].released || b.due[0].due <= limit) {
		b.release(b.due.pop())
	}
}

// relieve releases the events whose holds end first until the limits are kept (I6).
func (b *Buffer[P]) relieve() {
	for b.held.Events > b.limits.Events || b.held.Bytes > b.limits.Bytes {
		h := b.due.pop()
		if !h.released {
			b.forced++
		}
		b.release(h)
	}
}

// release lets h leave, and before it all that precede it in its meeting. It does nothing when h has left.
func (b *Buffer[P]) release(h *held[P]) {
	if h.released {
		return
	}
	m := b.meetings[h.entry.Key]
	for !h.released {
		b.leave(m, m.next(), false)
	}
}

// leave makes h ready for the next Due. The heap of ends of holds keeps h until its turn, but not what it carries.
func (b *Buffer[P]) leave(m *meeting[P], h *held[P], late bool) {
	if late {
		h.entry.IsLate, h.entry.Late = true, m.frontier.time-h.entry.Time
		m.apply(h)
	}
	b.held.Events--
	b.held.Bytes -= h.entry.Size
	b.ready = append(b.ready, h.entry)
	h.released, h.entry = true, Entry[P]{}
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

// Restore tells the buffer of an event that left before: of a meeting that is not in memory, in the order they left. An event
// that stands before one restored earlier counts as late whether or not it says so: it left under another mode.
func (b *Buffer[P]) Restore(e Entry[P]) {
	if b.config.Mode == ModeNone {
		return
	}
	b.meeting(e.Key).restore(&held[P]{entry: e, traits: chime.Lookup(e.Kind)})
}

// Forget drops what is known of a meeting. It reports false, and does nothing, while events of it are held.
func (b *Buffer[P]) Forget(key string) bool {
	m, ok := b.meetings[key]
	if ok && m.line.len() > 0 {
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
		m = &meeting[P]{before: make(state)}
		b.meetings[key] = m
	}
	return m
}
