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
	// lateSeq is the sequence of the last message of the key in LATE.
	lateSeq uint64
	used    time.Time
	element *list.Element
	// bytes is what it takes in memory, as the meetings were told last; generation what it remembered a while ago.
	bytes      int
	generation generation
}

// record is one RAW record in the sequencer.
type record struct {
	msg      journal.Message
	event    *pipeline.Event
	position int       // in the floor
	at       time.Time // log time of its reading
}

// meetings is the memory of a partition, bounded by count and bytes: the least recently used leave first (I6). One that must
// stay, because of its events that are held, stays.
type meetings struct {
	byKey map[string]*meeting
	lru   *list.List // front: most recently used
	limit int
	// bytes is what they take, maxBytes what they may; 0: as much as they need.
	bytes, maxBytes int
}

// meetingOverhead is about what a meeting takes beside its events, in bytes: its key, places in maps and lists, and what order
// knows of it.
const meetingOverhead = 1024

// weigh takes note of what a meeting takes now. One counts for half of all at most: a key without end that needs more than
// there is must not drive all others out.
func (ms *meetings) weigh(m *meeting) {
	now := m.memory.Bytes() + meetingOverhead
	if ms.maxBytes > 0 {
		now = min(now, ms.maxBytes/2)
	}
	ms.bytes += now - m.bytes
	m.bytes = now
}

// full reports whether there are more, or larger ones, than there may be.
func (ms *meetings) full() bool {
	return ms.lru.Len() > ms.limit || ms.maxBytes > 0 && ms.bytes > ms.maxBytes
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
		if !ok || (!ms.full() && !m.used.Before(oldest)) {
			return
		}
		if m.unsettled > 0 || m.loading || !forget(m.key) {
			m.used = now
			ms.lru.MoveToFront(e)
			continue
		}
		ms.lru.Remove(e)
		delete(ms.byKey, m.key)
		ms.bytes -= m.bytes
		m.memory.Close() // The ledger may still watch some of its events.
	}
}
