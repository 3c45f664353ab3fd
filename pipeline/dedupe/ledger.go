package dedupe

import (
	"time"

	"carillon/pipeline"
)

// DefaultGrace is how much log time a source has to bring what another source brought: a retry over EventBridge or SNS comes
// within a minute or two.
const DefaultGrace = 2 * time.Minute

// settling is how long after the sources began to listen the events must have happened that are judged: the listeners are not
// all up at once, and AWS has another clock.
const settling = 30 * time.Second

// Source is a configured source.
type Source struct {
	// ID is what the source's records have as their source.
	ID string
	// Group names the sources that are expected to bring the same events.
	Group string
}

// Settings is what a ledger works by.
type Settings struct {
	// Sources are the configured sources; only the first MaxSources of them are told apart.
	Sources []Source
	// Tolerance is by how much the times of copies may differ, in whole milliseconds. 0: not at all.
	Tolerance time.Duration
	// Grace is how much log time a source has to bring an event, less than 49 days. 0: DefaultGrace.
	Grace time.Duration
	// Watched is how many events may be watched at once, 24 bytes each. Above it the oldest go unjudged.
	Watched int
	// Since is when the sources began to listen. What happened before, or soon after, is not judged: it may have reached the
	// other sources while nobody listened. The zero time: they always did.
	Since time.Time
	// Left, when it is not nil, is called with the RAW sequence of each event that is judged or given up, but not by Abandon.
	Left func(raw uint64)
}

// Ledger notes which sources brought the events of a partition. The zero value knows no source and watches nothing.
type Ledger struct {
	set      Settings
	bySource map[string]int
	groups   []uint64 // bit i: source i
	now      int64    // the latest log time, in Unix milliseconds
	queue    fifo[watch]
	suspects suspects
	digests  digests
	found    Findings
}

// Judgement is what See finds.
type Judgement struct {
	// Verdict says what the record is.
	Verdict Verdict
	// Tolerated is whether it is a witness only because times may differ.
	Tolerated bool
	// HasLead is whether this is the source's first copy of an event that is known from its first copy on. Then First is the
	// id of the source that brought the event first, empty for one that is not configured, and Lead is by how much.
	HasLead bool
	First   string
	Lead    time.Duration
	// Differs names the members of detail in which this copy differs from the first one, among chime.Compared; nil when it
	// does not, or when it was not compared.
	Differs []string
}

// NewLedger returns a ledger that watches nothing yet.
func NewLedger(set Settings) Ledger {
	if set.Grace == 0 {
		set.Grace = DefaultGrace
	}
	set.Sources = set.Sources[:min(len(set.Sources), MaxSources)]
	l := Ledger{set: set, bySource: make(map[string]int, len(set.Sources))}
	byGroup := make(map[string]int)
	for i, s := range set.Sources {
		l.bySource[s.ID] = i
		g, known := byGroup[s.Group]
		if !known {
			g = len(l.groups)
			byGroup[s.Group], l.groups = g, append(l.groups, 0)
		}
		l.groups[g] |= 1 << i
	}
	return l
}

// Tolerant reports whether the times of copies may differ, so that EVENTS must keep the loose identity.
func (l *Ledger) Tolerant() bool { return l.set.Tolerance > 0 }

// source returns the number of a source.
func (l *Ledger) source(id string) int {
	if i, known := l.bySource[id]; known {
		return i
	}
	return other
}

// Restore tells a memory of an event that EVENTS or LATE holds. Its witnesses so far are not known.
func (l *Ledger) Restore(m *Memory, e *pipeline.Event) {
	i := m.put(newEntry(e.ID, e.Raw, l.source(e.Source), e.Received.UnixMilli(), false))
	l.describe(m, i, e)
}

// See judges a record of RAW and notes its source. A new event is remembered; have it watched next.
func (l *Ledger) See(m *Memory, e *pipeline.Event) Judgement {
	source := l.source(e.Source)
	i, known := m.find(e.ID)
	if known && m.entries[i].raw == e.Raw {
		return Judgement{Verdict: Reread}
	}
	tolerated := false
	if !known {
		i, known = l.nearest(m, e, source)
		tolerated = known
	}
	if !known {
		i = m.add(newEntry(e.ID, e.Raw, source, e.Received.UnixMilli(), true))
		l.describe(m, i, e)
		return Judgement{Verdict: New}
	}
	j := Judgement{Verdict: Witness, Tolerated: tolerated, Differs: l.digests.compare(m, m.place(i), e.Body)}
	first := &m.entries[i]
	ms := e.Received.UnixMilli()
	if isFirst := first.note(source, ms); isFirst && first.watched() {
		j.HasLead, j.Lead = true, time.Duration(max(ms-first.arrival(), 0))*time.Millisecond
		if s := first.source(); s != other {
			j.First = l.set.Sources[s].ID
		}
	}
	return j
}

// describe makes the event at index i one that can be found by its loose identity.
func (l *Ledger) describe(m *Memory, i int, e *pipeline.Event) {
	if !l.Tolerant() {
		return
	}
	if m.near == nil {
		m.near = &nearby{width: l.set.Tolerance.Milliseconds()}
	}
	m.near.set(i, e.Loose, e.Time.UnixMilli())
}

// nearest returns the index of the event that e is a copy of although their times differ. It looks only at what EVENTS keeps
// of events that precede e in RAW, so it answers the same whenever e is read; of several the nearest in time, and then the
// first.
func (l *Ledger) nearest(m *Memory, e *pipeline.Event, source int) (int, bool) {
	best, least := -1, int64(0)
	m.near.around(e.Loose, e.Time.UnixMilli(), func(i int, distance int64) {
		x := &m.entries[i]
		if x.raw >= e.Raw || x.source() == source || !l.sameGroup(1<<x.source(), 1<<source) {
			return
		}
		if best < 0 || distance < least || distance == least && x.raw < m.entries[best].raw {
			best, least = i, distance
		}
	})
	return best, best >= 0
}

// sameGroup reports whether one group has sources of both sets.
func (l *Ledger) sameGroup(a, b uint64) bool {
	for _, g := range l.groups {
		if g&a != 0 && g&b != 0 {
			return true
		}
	}
	return false
}

// Arrival is when a source brought an event.
type Arrival struct {
	// Source is the id of the source, empty for one that is not configured.
	Source string
	// At is the time of its first copy, in whole milliseconds. After the first source it is up to 3 % of the delay too early.
	At time.Time
}

// Arrivals returns which sources brought an event and when, in the order of their copies, the time of the first five of
// them; of an event from EVENTS only its first source and those that brought it since. It is nil for an unknown event.
func (l *Ledger) Arrivals(m *Memory, e *pipeline.Event) []Arrival {
	i, known := m.find(e.ID)
	if !known {
		return nil
	}
	x := &m.entries[i]
	out := []Arrival{{Source: l.name(x.source()), At: time.UnixMilli(x.arrival())}}
	for _, packed := range x.later[:min(x.laterSources(), recorded)] {
		delay := unpackDelay(packed & (1<<delayBits - 1))
		out = append(out, Arrival{Source: l.name(int(packed >> delayBits)), At: time.UnixMilli(x.arrival() + delay)})
	}
	return out
}

// name is the inverse of source.
func (l *Ledger) name(source int) string {
	if source < len(l.set.Sources) {
		return l.set.Sources[source].ID
	}
	return ""
}
