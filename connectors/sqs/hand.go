package sqs

import (
	"sync"
	"time"
)

// A message may be extended until it was hidden for 12 hours; a little less leaves room for the way of the request.
const maxHidden = maxVisibility - 5*time.Second

// hand holds what was received and is not deleted yet: for each message its newest receipt handle, and when that was last
// extended. It has no goroutine and no clock. It is safe for concurrent use.
type hand struct {
	mu   sync.Mutex
	byID map[string]*grip
}

// grip is the hold on one message.
type grip struct {
	handle string
	// sent is when the message was sent; zero when SQS did not say.
	sent time.Time
	// taken is when the handle was given, renewed when the visibility was last set.
	taken, renewed time.Time
	// lost is set when the handle cannot be extended any more.
	lost bool
}

// held names one message with the handle to use now.
type held struct{ id, handle string }

func newHand() *hand { return &hand{byID: make(map[string]*grip)} }

// take notes a message that was sent at sent, which may be zero, and received at now. false: it is in hand already, and only
// its handle is replaced.
func (h *hand) take(id, handle string, sent, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, had := h.byID[id]
	h.byID[id] = &grip{handle: handle, sent: sent, taken: now, renewed: now}
	return !had
}

// handles returns the newest handle of each message that is still in hand.
func (h *hand) handles(ids []string) []held {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]held, 0, len(ids))
	for _, id := range ids {
		if g := h.byID[id]; g != nil {
			out = append(out, held{id: id, handle: g.handle})
		}
	}
	return out
}

// settled lets go of a message that was dealt with under a handle. false: it has a newer handle by now, under which it has
// to be dealt with again.
func (h *hand) settled(m held) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g := h.byID[m.id]; g != nil && g.handle != m.handle {
		return false
	}
	delete(h.byID, m.id)
	return true
}

// drop lets go of messages that stay in the queue.
func (h *hand) drop(ids ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		delete(h.byID, id)
	}
}

// due returns what has to be extended at now: what used up half of its visibility and is not near the limit of 12 hours.
func (h *hand) due(now time.Time, visibility time.Duration) []held {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []held
	for id, g := range h.byID {
		if !g.lost && now.Sub(g.renewed) >= visibility/2 && now.Add(visibility).Sub(g.taken) <= maxHidden {
			out = append(out, held{id: id, handle: g.handle})
		}
	}
	return out
}

// renewed notes that the visibility of m was set at now.
func (h *hand) renewed(m held, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g := h.byID[m.id]; g != nil && g.handle == m.handle {
		g.renewed = now
	}
}

// lose notes that the handle of m cannot be extended any more.
func (h *hand) lose(m held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if g := h.byID[m.id]; g != nil && g.handle == m.handle {
		g.lost = true
	}
}

// size returns how many messages are in hand.
func (h *hand) size() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.byID)
}

// oldest returns when the oldest message in hand was sent; zero when that is known of none.
func (h *hand) oldest() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	var first time.Time
	for _, g := range h.byID {
		first = earlier(first, g.sent)
	}
	return first
}

// earlier returns the earlier of two times, where zero is no time at all.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
