package dedupe

import (
	"encoding/binary"
	"slices"
	"unsafe"

	"carillon/pipeline/chime"
)

// Verdict says what a record is.
type Verdict int

const (
	// New means that no copy of this event came before. The record becomes the event.
	New Verdict = iota
	// Witness means that the event came before in another record.
	Witness
	// Reread means that this is the very record that the event came in, read again after a recovery. It counts nothing (I2).
	Reread
)

// Memory is what is known of one meeting: some 60 bytes for an event. The zero value knows nothing. A place in it is the number of an event in the order
// in which the memory heard of them; it stays the same when older ones are forgotten.
type Memory struct {
	entries []entry
	index   []uint32 // open addressing: 0 is free, else 1 + the index of an entry. nil while there are few.
	dropped uint32   // how many entries there were before the first one, modulo 2^32
	near    *nearby  // nil without a tolerance
}

const (
	// scanned is up to how many entries are searched one by one: they are in a few cache lines, and an index costs memory.
	scanned = 16
	// minRoom is the room for entries that a memory begins with.
	minRoom = 4
)

// Restore tells the memory of an event that EVENTS holds and of the RAW sequence it came in.
func (m *Memory) Restore(id chime.Identity, raw uint64) { m.put(newEntry(id, raw, other, 0, false)) }

// See judges the record at RAW sequence raw and remembers it when it is new.
func (m *Memory) See(id chime.Identity, raw uint64) Verdict {
	i, known := m.find(id)
	switch {
	case !known:
		m.add(newEntry(id, raw, other, 0, false))
		return New
	case m.entries[i].raw == raw:
		return Reread
	}
	return Witness
}

// put adds an entry, or replaces the one with its identity. It returns the index.
func (m *Memory) put(e entry) int {
	i, known := m.find(e.id)
	if !known {
		return m.add(e)
	}
	m.entries[i] = e
	return i
}

// Len returns how many events are remembered.
func (m *Memory) Len() int { return len(m.entries) }

// Bytes returns what the memory takes beside the Memory itself.
func (m *Memory) Bytes() int {
	return cap(m.entries)*int(unsafe.Sizeof(entry{})) + 4*cap(m.index) + m.near.bytes()
}

// Forget drops the n events that the memory has known for longest; all of them if there are fewer.
func (m *Memory) Forget(n int) {
	n = min(n, len(m.entries))
	if n <= 0 {
		return
	}
	m.dropped += uint32(n) //nolint:gosec // modulo 2^32
	rest := m.entries[n:]
	m.entries = append(roomFor(len(rest)), rest...)
	m.near.forget(n)
	m.reindex()
}

// Close forgets everything. Places that were handed out mean nothing from then on.
func (m *Memory) Close() {
	m.dropped += uint32(len(m.entries)) //nolint:gosec // modulo 2^32
	m.entries, m.index, m.near = nil, nil, nil
}

// place returns the place of the entry at index i.
func (m *Memory) place(i int) uint32 { return m.dropped + uint32(i) } //nolint:gosec // modulo 2^32

// at returns the entry at a place, nil when it was forgotten.
func (m *Memory) at(place uint32) *entry {
	if i := place - m.dropped; uint64(i) < uint64(len(m.entries)) {
		return &m.entries[i]
	}
	return nil
}

// find returns the index of the entry with this identity.
func (m *Memory) find(id chime.Identity) (int, bool) {
	if m.index == nil {
		for i := range m.entries {
			if m.entries[i].id == id {
				return i, true
			}
		}
		return 0, false
	}
	last := len(m.index) - 1
	for at := slot(id) & last; ; at = (at + 1) & last {
		i := int(m.index[at]) - 1
		if i < 0 {
			return 0, false
		}
		if m.entries[i].id == id {
			return i, true
		}
	}
}

// slot is where the search for an identity begins, before it is cut to the size of the index. An identity is a hash already.
func slot(id chime.Identity) int { return int(binary.LittleEndian.Uint64(id[8:]) >> 1) }

// add appends an entry whose identity is not known and returns its index.
func (m *Memory) add(e entry) int {
	if len(m.entries) == cap(m.entries) {
		m.entries = append(roomFor(len(m.entries)), m.entries...)
	}
	m.entries = append(m.entries, e)
	if n := len(m.entries); n > scanned && 4*n > 3*len(m.index) {
		m.reindex()
	} else if m.index != nil {
		m.enter(n - 1)
	}
	return len(m.entries) - 1
}

// roomFor returns room for n entries and a quarter more, or what the allocator has anyway: the doubling of append would leave
// a third of the memory empty.
func roomFor(n int) []entry { return slices.Grow([]entry(nil), n+max(minRoom, n/4)) }

// reindex makes the index anew: at most three quarters full, so that a search ends soon.
func (m *Memory) reindex() {
	m.index = nil
	if len(m.entries) <= scanned {
		return
	}
	size := 2 * scanned
	for 3*size < 4*(len(m.entries)+1) {
		size *= 2
	}
	m.index = make([]uint32, size)
	for i := range m.entries {
		m.enter(i)
	}
}

// enter puts the entry at index i into the index.
func (m *Memory) enter(i int) {
	last := len(m.index) - 1
	at := slot(m.entries[i].id) & last
	for m.index[at] != 0 {
		at = (at + 1) & last
	}
	m.index[at] = uint32(i + 1) //nolint:gosec // a meeting has fewer than 2^32 events
}
