package order

import (
	"time"

	"carillon/pipeline"
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
	// Raw is the place of the record in the log: of holds that end together the one with the lowest ends first.
	Raw uint64
	// IsLate and Late (milliseconds) are set by the buffer.
	IsLate bool
	Late   int64
	// First is set by the buffer when the attendee's state put the event before others of the same time. It must be given
	// back to Restore.
	First bool
	// Gap is set by the buffer in mode causal: the rules that the event waited for in vain, joined with commas; see Rules. It
	// must be given back to Restore.
	Gap string
	// Arrived is set by the buffer in mode causal when the event waited: the log time of its arrival in Unix nanoseconds. For one
	// that left when a hold ended, its own or that of an event behind it, it is a window before that: an event that is kept apart
	// because it is late does not tell. It must be given back to Restore.
	Arrived int64
	// Role is what the attendee is; mode causal needs it.
	Role pipeline.Role
	// Source is the source that brought the copy; mode adaptive learns from it.
	Source string
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

// keeper is one meeting in a mode.
type keeper[P any] interface {
	// push lets an event leave or keeps it, and reports whether it waits.
	push(h *held[P]) bool
	// release lets an event that waits leave, and before it what must come before it.
	release(h *held[P])
	// restore notes that an event left before.
	restore(h *held[P])
	// idle reports whether nothing waits.
	idle() bool
}

// Buffer holds the events of many meetings. It has one user at a time.
type Buffer[P any] struct {
	config   Config
	limits   Limits
	window   window
	meetings map[string]keeper[P]
	due      dueHeap[P]
	ready    []Entry[P]
	// ended is the log time, in nanoseconds, at which the hold ended that lets something leave now; 0 when none did.
	ended  int64
	held   Limits
	forced uint64
}

// New returns an empty buffer.
func New[P any](c Config, limits Limits) *Buffer[P] {
	return &Buffer[P]{config: c, limits: limits, window: newWindow(c), meetings: make(map[string]keeper[P])}
}

// Push takes an event that arrived at now, after it released what is due at now. What Push releases is returned by the next
// Due.
func (b *Buffer[P]) Push(now time.Time, e Entry[P]) {
	e.IsLate, e.Late, e.First, e.Gap, e.Arrived = false, 0, false, "", 0
	if b.config.Mode == ModeNone {
		b.ready = append(b.ready, e)
		return
	}
	b.expire(now.UnixNano())
	b.window.observe(now, e.arrival(), true)
	b.take(newHeld(e), now)
}

// Again tells of the very record of an event that has left before and was not given to Restore: a record that is read again
// after a recovery. Nothing comes of it, but in mode causal the event waits once more as it did, and so do those behind it.
func (b *Buffer[P]) Again(now time.Time, e Entry[P]) {
	if !b.Rereads() {
		return
	}
	b.expire(now.UnixNano())
	e.IsLate, e.Late, e.First, e.Gap, e.Arrived = false, 0, false, "", 0
	h := newHeld(e)
	h.again = true
	b.take(h, now)
}

// Rereads reports whether events whose records are going to be read again are for Again. If not they are for Restore, as all
// others.
func (b *Buffer[P]) Rereads() bool { return b.config.Mode == ModeCausal }

// take hands an event that arrived at an instant to its meeting.
func (b *Buffer[P]) take(h *held[P], arrived time.Time) {
	h.arrived, h.due = arrived.UnixNano(), arrived.Add(b.window.current()).UnixNano()
	b.held.Events++
	b.held.Bytes += h.entry.Size
	if b.meeting(h.entry.Key).push(h) {
		b.due.push(h)
		b.relieve()
	}
}

// Copy tells of a copy of an event that arrived at now, when the event had come already. Only mode adaptive learns from it: how
// long each source takes. Key, ID, Source and Time of the entry are looked at.
func (b *Buffer[P]) Copy(now time.Time, e Entry[P]) { b.window.observe(now, e.arrival(), false) }

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
		h := b.due.pop()
		b.ended = h.due
		b.release(h)
	}
	b.ended = 0
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

// release lets h leave, and before it what must come before it. It does nothing when h has left.
func (b *Buffer[P]) release(h *held[P]) {
	if !h.released {
		b.meetings[h.entry.Key].release(h)
	}
}

// leave makes h ready for the next Due. The heap of ends of holds keeps h until its turn, but not what it carries.
func (b *Buffer[P]) leave(h *held[P]) {
	b.held.Events--
	b.held.Bytes -= h.entry.Size
	if h.waited {
		ends := h.due
		if b.ended != 0 {
			ends = b.ended
		}
		h.entry.Arrived = ends - int64(b.config.Window)
	}
	if !h.again {
		b.ready = append(b.ready, h.entry)
	}
	h.released, h.entry = true, Entry[P]{}
}

// Next returns when the next hold ends; false when nothing is held.
func (b *Buffer[P]) Next() (time.Time, bool) {
	b.drop()
	if len(b.ready) > 0 {
		return time.Time{}, true
	}
	if len(b.due) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, b.due[0].due), true
}

// Oldest returns when the event arrived whose hold ends next: the oldest one, but where mode adaptive changed the window meanwhile.
// false when nothing is held.
func (b *Buffer[P]) Oldest() (time.Time, bool) {
	if b.drop(); len(b.due) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, b.due[0].arrived), true
}

// drop removes the ends of holds that something else has ended already.
func (b *Buffer[P]) drop() {
	for len(b.due) > 0 && b.due[0].released {
		b.due.pop()
	}
}

// Restore tells the buffer, at log time now, of an event that left before: of a meeting that is not in memory, in the order they
// left. Late events may come behind all others. An event that stands before one restored earlier counts as late whether or not
// it says so: it left under another mode.
func (b *Buffer[P]) Restore(now time.Time, e Entry[P]) {
	if b.config.Mode == ModeNone {
		return
	}
	arrived := time.Unix(0, e.Arrived)
	if !b.Rereads() || e.Arrived == 0 || !arrived.Add(b.config.Window).After(now) {
		b.meeting(e.Key).restore(newHeld(e))
		return
	}
	// At this moment of the log the event was waiting, unless what it waited for was restored before it, or something that left
	// by now is going to be restored after it.
	h := newHeld(e)
	h.again, h.gap, h.entry.Gap = true, e.Gap, ""
	b.take(h, arrived)
}

// Forget drops what is known of a meeting. It reports false, and does nothing, while events of it are held.
func (b *Buffer[P]) Forget(key string) bool {
	m, ok := b.meetings[key]
	if ok && !m.idle() {
		return false
	}
	delete(b.meetings, key)
	b.window.forget(key)
	return true
}

// Held returns how many events wait.
func (b *Buffer[P]) Held() int { return b.held.Events }

// Forced returns how many times a hold was cut short because too many events were held.
func (b *Buffer[P]) Forced() uint64 { return b.forced }

// Window returns for how long an event that came now would be held at most; 0 in mode none.
func (b *Buffer[P]) Window() time.Duration {
	if b.config.Mode == ModeNone {
		return 0
	}
	return b.window.current()
}

func (b *Buffer[P]) meeting(key string) keeper[P] {
	m, ok := b.meetings[key]
	if !ok {
		if b.config.Mode == ModeCausal {
			m = newCausal(b)
		} else {
			m = newMeeting(b)
		}
		b.meetings[key] = m
	}
	return m
}
