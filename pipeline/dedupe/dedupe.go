// Package dedupe decides whether a record of RAW is a new event, a witness of one that is known, or the same record read
// again. It is pure: no goroutine, no clock, no I/O. A Memory has one user at a time.
//
// A copy is recognised for as long as its event is remembered here or kept in EVENTS, from where a memory is restored: never
// by a window of time, and never by what was merely seen, because the memory of what is not in EVENTS yet ends with the
// process, together with the event it was about (I3).
package dedupe

import "carillon/pipeline/chime"

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

// Memory is what is known of one meeting. The zero value knows nothing.
type Memory struct {
	known map[chime.Identity]uint64
}

// Restore tells the memory of an event that EVENTS holds and of the RAW sequence it came in.
func (m *Memory) Restore(id chime.Identity, raw uint64) {
	if m.known == nil {
		m.known = make(map[chime.Identity]uint64)
	}
	m.known[id] = raw
}

// See judges the record at RAW sequence raw and remembers it when it is new.
func (m *Memory) See(id chime.Identity, raw uint64) Verdict {
	first, ok := m.known[id]
	switch {
	case !ok:
		m.Restore(id, raw)
		return New
	case first == raw:
		return Reread
	}
	return Witness
}

// Len returns how many events are remembered.
func (m *Memory) Len() int { return len(m.known) }
