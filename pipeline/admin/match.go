package admin

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"carillon/pipeline/filter"
	"carillon/pipeline/journal"
)

// nameForm is what a sink, a source or a meeting is called: one token of a subject.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// idForm is an identity or its beginning.
var idForm = regexp.MustCompile(`^[0-9a-f]{4,32}$`)

// checkName refuses what cannot be the name of anything; empty stands for all.
func checkName(what, name string) error {
	if name != "" && !nameForm.MatchString(name) {
		return refuse(http.StatusBadRequest, "%s: %q is not a name of letters, digits, - and _", what, name)
	}
	return nil
}

// span is a time from from up to, not including, to; zero times do not bound.
type span struct{ from, to time.Time }

func newSpan(from, to string) (s span, err error) {
	if s.from, err = moment("from", from); err != nil {
		return s, err
	}
	s.to, err = moment("to", to)
	return s, err
}

func (s span) has(t time.Time) bool {
	return !t.Before(s.from) && (s.to.IsZero() || t.Before(s.to))
}

// deadMatch is a DeadFilter that was read.
type deadMatch struct {
	DeadFilter
	span span
}

func (f DeadFilter) compile() (*deadMatch, error) {
	m := &deadMatch{DeadFilter: f}
	err := errors.Join(checkName("sink", f.Sink), checkName("meeting", f.Meeting))
	if err != nil {
		return nil, err
	}
	if m.span, err = newSpan(f.From, f.To); err != nil {
		return nil, err
	}
	if f.Kind != "" && !filter.ValidPattern(f.Kind) {
		return nil, refuse(http.StatusBadRequest, "kind: %q is not a pattern such as chime:Attendee*", f.Kind)
	}
	for _, id := range f.IDs {
		if !idForm.MatchString(id) {
			return nil, refuse(http.StatusBadRequest, "%q is not an id: want 32 hexadecimal digits, or the first 4 or more of them", id)
		}
	}
	return m, nil
}

// chooses reports whether the filter leaves anything out.
func (f DeadFilter) chooses() bool {
	return f.Sink != "" || f.Meeting != "" || f.Kind != "" || f.Reason != "" || len(f.IDs) > 0 || len(f.Places) > 0 ||
		f.From != "" || f.To != ""
}

// has reports whether d is chosen.
func (m *deadMatch) has(d *journal.DeadLetter) bool {
	id := d.ID.String()
	return (m.Sink == "" || m.Sink == d.Sink) && (m.Meeting == "" || m.Meeting == d.Key) &&
		(m.Kind == "" || filter.MatchKind(m.Kind, d.Kind)) && holds(d.Reason, m.Reason) && m.span.has(d.Died) &&
		(len(m.Places) == 0 || slices.Contains(m.Places, d.Place)) &&
		(len(m.IDs) == 0 || slices.ContainsFunc(m.IDs, func(begin string) bool { return strings.HasPrefix(id, begin) }))
}

// holds reports whether part is in text, in whatever case.
func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// quarantineMatch is a QuarantineFilter that was read.
type quarantineMatch struct {
	QuarantineFilter
	span span
}

func (f QuarantineFilter) compile() (*quarantineMatch, error) {
	m := &quarantineMatch{QuarantineFilter: f}
	err := checkName("source", f.Source)
	if err == nil {
		m.span, err = newSpan(f.From, f.To)
	}
	return m, err
}

// chooses reports whether the filter leaves anything out.
func (f QuarantineFilter) chooses() bool {
	return f.Source != "" || f.Reason != "" || len(f.Places) > 0 || f.From != "" || f.To != ""
}

// has reports whether r is chosen.
func (m *quarantineMatch) has(r *journal.QuarantineRecord) bool {
	return (m.Source == "" || m.Source == r.Source) && holds(r.Reason, m.Reason) && m.span.has(r.Received) &&
		(len(m.Places) == 0 || slices.Contains(m.Places, r.Place))
}
