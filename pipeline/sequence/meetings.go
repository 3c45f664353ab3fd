package sequence

import (
	"container/list"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/journal"
)

// meeting is what the sequencer knows of one key.
type meeting struct {
	key    string
	memory dedupe.Memory
	// loading is set until the history is here; waiting are the records that came meanwhile.
	loading bool
	waiting []record
	// unsettled is how many of its events are held or not appended yet. While there are any the meeting must stay.
	unsettled int
	used      time.Time
	element   *list.Element
}

// record is one RAW record in the sequencer.
type record struct {
	msg      journal.Message
	event    *pipeline.Event
	position int       // in the floor
	at       time.Time // log time of its reading
}

// meetings is the memory of a partition, bounded by count: the least recently used leave first (I6).
type meetings struct {
	byKey map[string]*meeting
	lru   *list.List // front: most recently used
	limit int
}

func newMeetings(limit int) *meetings {
	return &meetings{byKey: make(map[string]*meeting), lru: list.New(), limit: limit}
}

// touch returns the meeting of key and whether it was in memory already.
func (ms *meetings) touch(key string, now time.Time) (*meeting, bool) {
	if m, ok := ms.byKey[key]; ok {
		m.used = now
		ms.lru.MoveToFront(m.element)
		return m, true
	}
	m := &meeting{key: key, used: now}
	m.element = ms.lru.PushFront(m)
	ms.byKey[key] = m
	return m, false
}

// evict removes meetings that were not used for forgetAfter, and the least recently used above the limit, for which forget
// agrees. It looks at no more than most of them; one that has to stay counts as used, so that the next look is at others.
func (ms *meetings) evict(now time.Time, most int, forget func(key string) bool) {
	oldest := now.Add(-forgetAfter)
	for range most {
		e := ms.lru.Back()
		if e == nil {
			return
		}
		m, ok := e.Value.(*meeting)
		if !ok || (ms.lru.Len() <= ms.limit && !m.used.Before(oldest)) {
			return
		}
		if m.unsettled > 0 || m.loading || !forget(m.key) {
			m.used = now
			ms.lru.MoveToFront(e)
			continue
		}
		ms.lru.Remove(e)
		delete(ms.byKey, m.key)
	}
}
