package dedupe

import (
	"math/bits"

	"carillon/pipeline/chime"
)

const (
	// MaxSources is how many sources can be told apart. What others bring counts as brought by nobody in particular.
	MaxSources = 63
	// other stands for a source that is not configured, and for those beyond MaxSources. It belongs to no group.
	other = MaxSources
	// recorded is of how many sources after the first one the time of arrival is kept.
	recorded = 4
)

// entry is one remembered event: 48 bytes.
type entry struct {
	id  chime.Identity
	raw uint64
	// when has the arrival of the first copy in Unix milliseconds above the lowest byte; in it the source of that copy, and
	// in bit 0 whether the event is known from its first copy on.
	when int64
	// sources has bit i when source i brought the event.
	sources uint64
	// later are the arrivals of the next sources, each its source above 10 bits of delay. How many there are follows from
	// sources.
	later [recorded]uint16
}

const (
	sourceShift = 1
	whenShift   = 8
	// watchedBit says that the event is known from its first copy on.
	watchedBit = 1
	delayBits  = 10
)

// newEntry returns the entry of an event whose first copy came from source at ms, watched when it came just now.
func newEntry(id chime.Identity, raw uint64, source int, ms int64, watched bool) entry {
	e := entry{id: id, raw: raw, when: ms<<whenShift | int64(source)<<sourceShift, sources: 1 << source}
	if watched {
		e.when |= watchedBit
	}
	return e
}

// source returns which source brought the first copy.
func (e *entry) source() int { return int(e.when>>sourceShift) & MaxSources }

// arrival returns when the first copy arrived, in Unix milliseconds.
func (e *entry) arrival() int64 { return e.when >> whenShift }

// watched reports whether the event is known from its first copy on.
func (e *entry) watched() bool { return e.when&watchedBit != 0 }

// has reports whether a source brought the event.
func (e *entry) has(source int) bool { return e.sources>>source&1 != 0 }

// note takes a copy that source brought at ms, and reports whether it is the source's first one.
func (e *entry) note(source int, ms int64) bool {
	if e.has(source) {
		return false
	}
	if n := e.laterSources(); n < recorded {
		e.later[n] = uint16(source)<<delayBits | packDelay(ms-e.arrival()) //nolint:gosec // source is less than 64
	}
	e.sources |= 1 << source
	return true
}

// laterSources returns how many sources brought the event after the first one.
func (e *entry) laterSources() int { return max(bits.OnesCount64(e.sources)-1, 0) }

// packDelay rounds milliseconds down to a number of 10 bits: exact below 64, off by less than a 32nd above. A negative delay
// is none.
func packDelay(ms int64) uint16 {
	if ms < 32 {
		return uint16(max(ms, 0))
	}
	shift := min(bits.Len64(uint64(ms))-6, 30)
	return uint16((shift+1)<<5) | uint16(min(ms>>shift, 63)&31) //nolint:gosec // 10 bits
}

// unpackDelay is the inverse of packDelay, but for the rounding.
func unpackDelay(d uint16) int64 {
	if d < 32 {
		return int64(d)
	}
	return (32 | int64(d&31)) << (d>>5 - 1)
}
