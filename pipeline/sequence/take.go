package sequence

import (
	"context"
	"fmt"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
)

// released is what the order buffer carries along with an event.
type released struct {
	event    *pipeline.Event
	position int
	meeting  *meeting
}

// take reads one record and judges it, or lets it wait for the history of its meeting.
func (t *tenure) take(ctx context.Context, m journal.Message) error {
	now := time.Now() // Not earlier than the reading: the clock relies on it.
	t.clock.observe(m.Stored, now)
	t.read, t.pending = m.Sequence, m.Pending
	t.see(m.Sequence)
	r := record{msg: m, position: t.floor.Add(m.Mark), at: t.clock.now()}
	event, err := m.Event()
	if err != nil {
		return t.setAside(ctx, r, err)
	}
	r.event = &event
	meeting, known := t.meetings.touch(event.Key, now)
	if !known {
		meeting.loading = true
		t.loads.ask(event.Key)
		t.meetings.evict(now, evictAtOnce, t.order.Forget)
	}
	if meeting.loading {
		meeting.waiting = append(meeting.waiting, r)
		t.waiting.Events++
		t.waiting.Bytes += size(r.event)
		return nil
	}
	t.retain(meeting, now, r.position)
	t.judge(meeting, r)
	t.meetings.weigh(meeting)
	return nil
}

// setAside keeps a record of RAW whose headers nobody understands: another program wrote it, or a newer version did. One that
// is read again was kept the first time.
func (t *tenure) setAside(ctx context.Context, r record, cause error) error {
	if _, owed := t.owed[r.msg.Sequence]; owed {
		q := journal.Quarantined{Source: "journal", Reason: cause.Error(), Received: r.msg.Stored, Body: r.msg.Body}
		if err := t.set.Journal.Quarantine(ctx, q); err != nil {
			return fmt.Errorf("setting record aside: %w", err)
		}
		t.owes(r.msg.Sequence)
		t.set.Metrics.unreadable.Inc()
	}
	t.floor.Settle(r.position)
	return nil
}

// judge asks dedupe and sends a new event into order.
func (t *tenure) judge(m *meeting, r record) {
	j := t.recognise(m, r)
	if j.Verdict == dedupe.New {
		t.judgedNew(r.event.Raw)
		m.unsettled++
		r.event.Role = roleOf(r.event)
		e := entry(r.event)
		e.Size = size(r.event)
		e.Payload = released{event: r.event, position: r.position, meeting: m}
		t.order.Push(r.at, e)
		return
	}
	if j.Verdict == dedupe.Witness {
		t.order.Copy(r.at, entry(r.event))
	} else {
		r.event.Role = roleOf(r.event)
		t.order.Again(r.at, entry(r.event))
	}
	if owed, judgedNew := t.owes(r.event.Raw); judgedNew {
		// An append of unknown outcome that was stored after all.
		t.set.Metrics.judged(dedupe.New, r.event.Source)
	} else if owed {
		t.set.Metrics.judged(j.Verdict, r.event.Source)
		t.set.Metrics.ledger.witness(j)
	}
	t.floor.Settle(r.position)
}

// eventOverhead is what an event keeps in memory beside its body, in bytes: headers, entry, heap and floor.
const eventOverhead = 1024

func size(e *pipeline.Event) int { return len(e.Body) + eventOverhead }

func entry(e *pipeline.Event) order.Entry[released] {
	return order.Entry[released]{
		Key: e.Key, ID: e.ID, Kind: e.Kind, Attendee: e.Attendee, Time: e.Time.UnixMilli(), Raw: e.Raw,
		IsLate: e.IsLate, Late: e.Late.Milliseconds(), First: e.First, Gap: e.Gap, Arrived: nanoseconds(e.Arrived),
		Role: e.Role, Source: e.Source,
	}
}

// loaded takes the history of a meeting and then the records that waited for it.
func (t *tenure) loaded(l load) error {
	t.loads.received()
	if l.err != nil {
		return l.err
	}
	m, ok := t.meetings.byKey[l.key]
	if !ok {
		return nil
	}
	t.restore(m, l.events)
	t.restore(m, l.late)
	m.lateSeq = l.lateSeq
	waiting := m.waiting
	m.loading, m.waiting = false, nil
	for _, r := range waiting {
		t.waiting.Events--
		t.waiting.Bytes -= size(r.event)
		t.judge(m, r)
	}
	t.meetings.weigh(m)
	return nil
}

// restore tells dedupe and order what has become of a meeting before the first record of it that is read now. Of what became
// of later records, which are read again, order learns then, if it wants to.
func (t *tenure) restore(m *meeting, events []pipeline.Event) {
	for i := range events {
		e := &events[i]
		t.ledger.Restore(&m.memory, e)
		if first := m.waiting[0]; !t.order.Rereads() || e.Raw < first.msg.Sequence {
			t.order.Restore(first.at, entry(e))
		}
	}
}

// nanoseconds returns t as order counts it, 0 for the zero time.
func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
