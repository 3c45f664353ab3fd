package awslocal

import (
	"container/heap"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// message is one message of a queue.
type message struct {
	id         string
	body       string
	attributes messageAttributes
	groupID    string
	trace      string
	sequence   uint64
	sent       time.Time
	// first and received are when it was handed out first and last; zero before.
	first, received time.Time
	receives        int
	visibleAt       time.Time
	// place is the index in the heap.
	place int
}

// queue holds the messages of one queue. It has no goroutine, clock or lock: time comes in as a value, and its owner
// serializes the calls.
type queue struct {
	name     string
	arn      string
	settings queueSettings
	byID     map[string]*message
	order    messageHeap
	lastSeq  uint64
	purged   time.Time
	// changed is closed and replaced when a message became visible other than by the passing of time.
	changed chan struct{}
}

func newQueue(name, arn string, settings queueSettings) *queue {
	return &queue{
		name: name, arn: arn, settings: settings, byID: make(map[string]*message), changed: make(chan struct{}),
	}
}

// put adds m, visible after delay, and wakes who waits. A message that comes from another queue keeps its times.
func (q *queue) put(now time.Time, m *message, delay time.Duration) {
	q.lastSeq++
	m.sequence = q.lastSeq
	m.visibleAt = now.Add(delay)
	q.byID[m.id] = m
	heap.Push(&q.order, m)
	q.wake()
}

func (q *queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// receive hands out the oldest visible message and hides it for visibility. A message whose receives are used up goes to
// dead instead, one that is past its retention is dropped. nil: nothing is visible.
func (q *queue) receive(now time.Time, visibility time.Duration, dead func(*message)) *message {
	for len(q.order) > 0 && !q.order[0].visibleAt.After(now) {
		m := q.order[0]
		if now.Sub(m.sent) > q.settings.retention {
			q.remove(m)
			continue
		}
		if r := q.settings.redrive; r != nil && m.receives >= r.maxReceives {
			q.remove(m)
			dead(m)
			continue
		}
		m.receives++
		m.received = now
		if m.receives == 1 {
			m.first = now
		}
		q.hide(m, now.Add(visibility))
		return m
	}
	return nil
}

// nextVisible returns when the next message becomes visible by itself; false with an empty queue.
func (q *queue) nextVisible() (time.Time, bool) {
	if len(q.order) == 0 {
		return time.Time{}, false
	}
	return q.order[0].visibleAt, true
}

func (q *queue) hide(m *message, until time.Time) {
	m.visibleAt = until
	heap.Fix(&q.order, m.place)
}

func (q *queue) remove(m *message) {
	heap.Remove(&q.order, m.place)
	delete(q.byID, m.id)
}

// purge removes every message.
func (q *queue) purge(now time.Time) {
	clear(q.byID)
	q.order = nil
	q.purged = now
}

// counts returns how many messages are visible, in flight and delayed.
func (q *queue) counts(now time.Time) (visible, inFlight, delayed int) {
	for _, m := range q.order {
		switch {
		case !m.visibleAt.After(now):
			visible++
		case m.receives > 0:
			inFlight++
		default:
			delayed++
		}
	}
	return visible, inFlight, delayed
}

// handle names one receive of m. Every receive gives another one.
func (q *queue) handle(m *message) string {
	return base64.RawURLEncoding.EncodeToString([]byte(q.name + "/" + m.id + "/" + strconv.Itoa(m.receives)))
}

// find returns the message that a handle names: valid is false when this queue never gave the handle, m is nil when the
// message is gone or was received again since.
func (q *queue) find(handle string) (m *message, valid bool) {
	raw, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil {
		return nil, false
	}
	parts := strings.Split(string(raw), "/")
	if len(parts) != 3 || parts[0] != q.name {
		return nil, false
	}
	if m = q.byID[parts[1]]; m == nil || strconv.Itoa(m.receives) != parts[2] {
		return nil, true
	}
	return m, true
}

// messageHeap orders by the time of becoming visible, then by arrival. It implements heap.Interface.
type messageHeap []*message

func (h messageHeap) Len() int { return len(h) }

func (h messageHeap) Less(i, j int) bool {
	if !h[i].visibleAt.Equal(h[j].visibleAt) {
		return h[i].visibleAt.Before(h[j].visibleAt)
	}
	return h[i].sequence < h[j].sequence
}

func (h messageHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push implements heap.Interface.
func (h *messageHeap) Push(x any) {
	m, _ := x.(*message)
	m.place = len(*h)
	*h = append(*h, m)
}

// Pop implements heap.Interface.
func (h *messageHeap) Pop() any {
	last := len(*h) - 1
	m := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return m
}
