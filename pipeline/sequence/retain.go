package sequence

import "time"

// generation is what a meeting remembered at some moment.
type generation struct {
	since    time.Time // with its monotonic reading; zero: no generation yet
	events   int       // how many it remembered
	position int       // in the floor, of the record that was read then
}

// retain bounds the memory of a key without end: it forgets the events that were known a retention ago, once every record
// read by then is settled. An event that was known for a retention is older than that, whatever a wall clock says, so nothing
// is forgotten that EVENTS must recognise (I3); and nothing is remembered for longer than two retentions (I6).
func (t *tenure) retain(m *meeting, now time.Time, position int) {
	retention := t.set.Retention
	if retention <= 0 || m.loading || now.Sub(m.generation.since) < retention {
		return
	}
	if !m.generation.since.IsZero() {
		if lowest := position + 1 - t.floor.Open(); lowest <= m.generation.position {
			return
		}
		m.memory.Forget(m.generation.events)
	}
	m.generation = generation{since: now, events: m.memory.Len(), position: position}
}
