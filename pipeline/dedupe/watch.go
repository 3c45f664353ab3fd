package dedupe

import (
	"math/bits"
	"time"

	"carillon/pipeline"
)

// watch is one event until its grace is over: 24 bytes. Times are Unix milliseconds modulo 2^32, of which only differences
// far below that are looked at.
type watch struct {
	memory *Memory
	place  uint32
	at     uint32 // log time of the first copy
	time   uint32 // event time
	loose  uint32 // a part of the loose identity; 0: not to be judged
}

// Findings are what became known since they were asked for last.
type Findings struct {
	// Missed is how many events each source missed that another one of its group brought, by the place of the source in
	// Settings.Sources.
	Missed [MaxSources]int
	// Judged is how many events were watched for the whole grace, Unjudged how many could not be.
	Judged, Unjudged int
	// Splits is how many pairs of judged events may be one whose paths disagree about the time.
	Splits int
}

// Watch begins to watch an event that See found to be new, at this log time.
func (l *Ledger) Watch(m *Memory, now time.Time, e *pipeline.Event) {
	l.advance(now)
	i, known := m.find(e.ID)
	if !known {
		return
	}
	w := watch{memory: m, place: m.place(i), at: millis(l.now), time: millis(e.Time.UnixMilli())}
	if e.Loose != 0 && !e.Time.Before(l.listening()) {
		w.loose = max(uint32(e.Loose), 1) //nolint:gosec // a part of a hash
	}
	if l.set.Watched > 0 {
		l.digests.keep(m, w.place, e.Body)
	}
	l.queue.push(w)
	for l.queue.len() > l.set.Watched {
		l.leave(l.queue.pop(), false)
	}
}

// listening returns from when on what happens is judged.
func (l *Ledger) listening() time.Time {
	if l.set.Since.IsZero() {
		return time.Time{}
	}
	return l.set.Since.Add(settling)
}

func millis(ms int64) uint32 { return uint32(ms) } //nolint:gosec // modulo 2^32

// advance moves log time on; it never goes back.
func (l *Ledger) advance(now time.Time) { l.now = max(l.now, now.UnixMilli()) }

// Waits reports whether the grace of an event would be over at this log time.
func (l *Ledger) Waits(now time.Time) bool {
	return l.queue.len() > 0 && l.over(l.queue.get(0), max(l.now, now.UnixMilli()))
}

// over reports whether the grace of an event is over.
func (l *Ledger) over(w *watch, now int64) bool {
	return int64(millis(now)-w.at) >= l.set.Grace.Milliseconds()
}

// Due judges the events whose grace is over at this log time and returns what was found since it was called last.
func (l *Ledger) Due(now time.Time) Findings {
	l.advance(now)
	for l.Waits(now) {
		l.leave(l.queue.pop(), true)
	}
	l.suspects.expire(millis(l.now), l.set.Grace)
	return l.report()
}

// Abandon stops watching and returns what was found since Due. Events for which settled says no are neither judged nor
// unjudged: they are not in EVENTS and will be read as new events again.
func (l *Ledger) Abandon(settled func(raw uint64) bool) Findings {
	for l.queue.len() > 0 {
		w := l.queue.pop()
		if e := w.memory.at(w.place); e == nil || settled(e.raw) {
			l.found.Unjudged++
		}
	}
	l.suspects, l.digests = suspects{}, digests{}
	return l.report()
}

func (l *Ledger) report() Findings {
	f := l.found
	l.found = Findings{}
	return f
}

// leave judges an event that leaves the watch, unless it must not or cannot be.
func (l *Ledger) leave(w watch, judge bool) {
	l.digests.drop(w.memory, w.place)
	e := w.memory.at(w.place)
	if e == nil { // Its meeting has left memory, and copies may have come since.
		l.found.Unjudged++
		return
	}
	if l.set.Left != nil {
		l.set.Left(e.raw)
	}
	if !judge || w.loose == 0 {
		l.found.Unjudged++
		return
	}
	l.found.Judged++
	if missed := l.missing(e.sources); missed != 0 {
		l.miss(missed)
		if l.suspects.meet(suspectOf(w), l.sameGroup) {
			l.found.Splits++
		}
	}
}

// missing returns the sources that brought nothing although another one of their group did.
func (l *Ledger) missing(brought uint64) uint64 {
	var missed uint64
	for _, group := range l.groups {
		if brought&group != 0 {
			missed |= group &^ brought
		}
	}
	return missed
}

func (l *Ledger) miss(missed uint64) {
	for ; missed != 0; missed &= missed - 1 {
		l.found.Missed[bits.TrailingZeros64(missed)]++
	}
}
