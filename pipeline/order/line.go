package order

import "slices"

// line is the events of one meeting that wait, sorted by position; within one time the sorting by what is first comes when
// the first event of that time leaves. Leaving from the front and joining at the end cost next to nothing.
type line[P any] struct {
	events []*held[P]
	begin  int
}

func (l *line[P]) len() int { return len(l.events) - l.begin }

func (l *line[P]) front() *held[P] { return l.events[l.begin] }

func (l *line[P]) insert(h *held[P]) {
	at, _ := slices.BinarySearchFunc(l.waiting(), h, byPosition[P])
	l.events = slices.Insert(l.events, l.begin+at, h)
}

// pop takes the first event.
func (l *line[P]) pop() *held[P] {
	h := l.events[l.begin]
	l.events[l.begin] = nil
	l.begin++
	if l.begin == len(l.events) {
		l.events, l.begin = l.events[:0], 0
	}
	if l.begin > 32 && l.begin > len(l.events)/2 {
		l.events, l.begin = slices.Delete(l.events, 0, l.begin), 0
	}
	return h
}

// remove takes h, which waits.
func (l *line[P]) remove(h *held[P]) {
	if l.front() == h {
		l.pop()
		return
	}
	at, _ := slices.BinarySearchFunc(l.waiting(), h, byPosition[P])
	l.events = slices.Delete(l.events, l.begin+at, l.begin+at+1)
}

// waiting returns all events.
func (l *line[P]) waiting() []*held[P] { return l.events[l.begin:] }

// at returns the events of one time.
func (l *line[P]) at(at int64) []*held[P] {
	waiting := l.waiting()
	from, _ := slices.BinarySearchFunc(waiting, at, notBefore[P])
	to, _ := slices.BinarySearchFunc(waiting[from:], at+1, notBefore[P])
	return waiting[from : from+to]
}

// notBefore makes a search end at the first event that is not before at.
func notBefore[P any](h *held[P], at int64) int {
	if h.entry.Time < at {
		return -1
	}
	return 1
}
