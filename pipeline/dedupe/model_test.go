package dedupe_test

import (
	"slices"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
)

// model is a ledger with everything written down: slow, and it looks at all there is.
type model struct {
	set    dedupe.Settings
	now    time.Time
	events []*happening // every event there was
	queue  []*happening // under watch
	halves []*happening // that somebody missed and that have no other half
	found  dedupe.Findings
}

// happening is one event.
type happening struct {
	first *pipeline.Event
	// stay is the memory that it is watched in.
	stay *stay
	// known is whether memory or EVENTS has it; appended whether EVENTS has it; counted whether it left the watch for good.
	known, appended, counted bool
	// whole is whether memory has it from its first copy on; by are the sources it has, in order.
	whole bool
	by    []string
	began time.Time
}

// stay is the time of one meeting in memory.
type stay struct {
	memory dedupe.Memory
	gone   bool
}

// group returns the group of a source, "" when it is not configured.
func (m *model) group(source string) string {
	for _, s := range m.set.Sources {
		if s.ID == source {
			return s.Group
		}
	}
	return ""
}

// alike reports whether two sources cannot be told apart.
func (m *model) alike(a, b string) bool { return a == b || m.group(a) == "" && m.group(b) == "" }

// see judges a record that is read, and returns its event.
func (m *model) see(in *stay, e *pipeline.Event) (dedupe.Judgement, *happening) {
	h, precise := m.copyOf(e)
	switch {
	case h == nil:
		return dedupe.Judgement{Verdict: dedupe.New}, m.begin(in, e)
	case precise && h.first.Raw == e.Raw:
		return dedupe.Judgement{Verdict: dedupe.Reread}, h
	}
	j := dedupe.Judgement{Verdict: dedupe.Witness, Tolerated: !precise}
	if slices.ContainsFunc(h.by, func(s string) bool { return m.alike(s, e.Source) }) {
		return j, h
	}
	h.by = append(h.by, e.Source)
	if h.whole {
		j.HasLead, j.Lead = true, max(e.Received.Sub(h.first.Received), 0)
		if m.group(h.first.Source) != "" {
			j.First = h.first.Source
		}
	}
	return j, h
}

// copyOf returns the known event that a record is a copy of, and whether they have one identity.
func (m *model) copyOf(e *pipeline.Event) (near *happening, precise bool) {
	for _, h := range m.events {
		if !h.known || h.first.Key != e.Key {
			continue
		}
		if h.first.ID == e.ID {
			return h, true
		}
		if m.near(h.first, e) && (near == nil || closer(h.first, near.first, e)) {
			near = h
		}
	}
	return near, false
}

func apart(a, b *pipeline.Event) time.Duration { return a.Time.Sub(b.Time).Abs() }

func closer(a, b, to *pipeline.Event) bool {
	return apart(a, to) < apart(b, to) || apart(a, to) == apart(b, to) && a.Raw < b.Raw
}

func (m *model) near(first, e *pipeline.Event) bool {
	return m.set.Tolerance > 0 && e.Loose != 0 && first.Loose == e.Loose && first.Raw < e.Raw && apart(first, e) <= m.set.Tolerance &&
		first.Source != e.Source && m.group(e.Source) != "" && m.group(first.Source) == m.group(e.Source)
}

// begin notes a new event, or one that is read anew because EVENTS does not have it.
func (m *model) begin(in *stay, e *pipeline.Event) *happening {
	i := slices.IndexFunc(m.events, func(h *happening) bool { return h.first.ID == e.ID && h.first.Key == e.Key })
	if i < 0 {
		i = len(m.events)
		m.events = append(m.events, new(happening))
	}
	h := m.events[i]
	h.first, h.stay, h.known, h.whole, h.by, h.began = e, in, true, true, []string{e.Source}, m.now
	return h
}

// watch puts an event under watch; the oldest leave when there are too many.
func (m *model) watch(h *happening) {
	h.began = m.now
	m.queue = append(m.queue, h)
	for len(m.queue) > m.set.Watched {
		m.unjudged(m.queue[0])
		m.queue = m.queue[1:]
	}
}

func (m *model) unjudged(h *happening) {
	h.counted = true
	m.found.Unjudged++
}

// due judges what has been watched for the grace.
func (m *model) due() dedupe.Findings {
	for len(m.queue) > 0 && m.now.Sub(m.queue[0].began) >= m.set.Grace {
		h := m.queue[0]
		m.queue = m.queue[1:]
		if h.stay.gone || h.first.Loose == 0 || !m.set.Since.IsZero() && h.first.Time.Before(m.set.Since.Add(30*time.Second)) {
			m.unjudged(h)
			continue
		}
		m.judge(h)
	}
	m.halves = slices.DeleteFunc(m.halves, func(h *happening) bool { return m.now.Sub(h.began) > 2*m.set.Grace })
	return m.report()
}

func (m *model) judge(h *happening) {
	h.counted = true
	m.found.Judged++
	missed := false
	for i, s := range m.set.Sources {
		inGroup := func(by string) bool { return m.group(by) == s.Group }
		if slices.ContainsFunc(h.by, inGroup) && !slices.Contains(h.by, s.ID) {
			m.found.Missed[i]++
			missed = true
		}
	}
	if missed && !m.paired(h) {
		m.halves = append(m.halves, h)
	}
}

// paired looks for the other half of an event, the latest first.
func (m *model) paired(h *happening) bool {
	for i, x := range slices.Backward(m.halves) {
		if x.stay == h.stay && x.first.Loose == h.first.Loose && apart(x.first, h.first) <= 2*time.Second && m.rivals(x, h) {
			m.halves = slices.Delete(m.halves, i, i+1)
			m.found.Splits++
			return true
		}
	}
	return false
}

// rivals reports whether no source brought both events although one group should have.
func (m *model) rivals(a, b *happening) bool {
	together := false
	for _, x := range a.by {
		for _, y := range b.by {
			if m.alike(x, y) {
				return false
			}
			together = together || m.group(x) != "" && m.group(x) == m.group(y)
		}
	}
	return together
}

// abandon ends a tenure: what EVENTS does not have will be read again.
func (m *model) abandon() dedupe.Findings {
	for _, h := range m.queue {
		if h.appended {
			m.unjudged(h)
		}
	}
	m.queue, m.halves = nil, nil
	for _, h := range m.events {
		h.known, h.stay.gone = h.appended, true
	}
	return m.report()
}

// restored notes that memory has an event from EVENTS only.
func (m *model) restored(h *happening) { h.whole, h.by = false, []string{h.first.Source} }

func (m *model) report() dedupe.Findings {
	f := m.found
	m.found = dedupe.Findings{}
	return f
}
