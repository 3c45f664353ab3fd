package simulate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"carillon/pipeline/simulate"
)

// held is an event that a model router got.
type held struct {
	event    int
	received time.Time
	body     []byte
}

// model is a router that knows the truth and so orders without a mistake. It holds every event for window after the first
// copy came, then releases it with all that precede it, and marks late what comes after something it precedes was released.
type model struct {
	truth    simulate.Truth
	window   time.Duration
	known    map[int]bool
	holding  map[int][]held // by meeting
	released map[int]int    // by meeting: the highest event released
	out      []simulate.Output
}

// route runs a plan through a model router.
func route(t simulate.Truth, plan []simulate.Delivery, window time.Duration) []simulate.Output {
	m := &model{truth: t, window: window, known: map[int]bool{}, holding: map[int][]held{}, released: map[int]int{}}
	for _, d := range plan {
		if d.Event == simulate.NoEvent || m.known[d.Event] {
			continue
		}
		m.known[d.Event] = true
		meeting := t.Events[d.Event].Meeting
		m.release(meeting, d.At)
		h := held{event: d.Event, received: d.At, body: d.Body}
		if top, ok := m.released[meeting]; ok && top > d.Event {
			m.emit(h, true, d.At)
			continue
		}
		m.holding[meeting] = append(m.holding[meeting], h)
	}
	for meeting := range t.Meetings {
		m.release(meeting, plan[len(plan)-1].At.Add(window))
	}
	return m.out
}

// release lets go what is due at now in one meeting.
func (m *model) release(meeting int, now time.Time) {
	waiting := m.holding[meeting]
	slices.SortFunc(waiting, func(a, b held) int { return a.event - b.event })
	due := 0
	for i, h := range waiting {
		if !h.received.Add(m.window).After(now) {
			due = i + 1
		}
	}
	at := slices.Clone(waiting[:due])
	for i := due - 1; i > 0; i-- { // what precedes goes with the first that is due
		if at[i].received.Before(at[i-1].received) {
			at[i-1].received = at[i].received
		}
	}
	for i, h := range waiting[:due] {
		m.emit(h, false, at[i].received.Add(m.window))
		m.released[meeting] = h.event
	}
	m.holding[meeting] = slices.Clone(waiting[due:])
}

func (m *model) emit(h held, late bool, now time.Time) {
	e := m.truth.Events[h.event]
	m.out = append(m.out, simulate.Output{
		ID:       name(h.event),
		Kind:     e.Kind,
		Key:      e.MeetingID,
		Attendee: e.AttendeeID,
		TimeMS:   e.Time,
		Sequence: uint64(10 * (len(m.out) + 1)),
		Late:     late,
		Received: h.received,
		Accepted: now,
		Body:     h.body,
	})
}

// name is an identity that agrees with the order of the truth between equal ranks, as a router's must with its own.
func name(event int) string {
	sum := sha256.Sum256(fmt.Append(nil, event))
	return fmt.Sprintf("%08x", event) + hex.EncodeToString(sum[:12])
}

// forever is a window within which everything arrives.
const forever = 100 * time.Hour

// score judges outputs as if the router had found all rubbish.
func score(t simulate.Truth, plan []simulate.Delivery, window time.Duration, outputs []simulate.Output) simulate.Report {
	s := simulate.NewScore(t, plan, window, 0)
	for _, o := range outputs {
		s.Add(o)
	}
	unreadable := 0
	for _, d := range plan {
		if d.Rubbish == simulate.RubbishUnreadable {
			unreadable++
		}
	}
	return s.Report(simulate.Observed{Quarantined: unreadable})
}
