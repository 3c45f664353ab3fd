package filter

import "carillon/pipeline"

// Rules say which events are wanted.
type Rules struct {
	// Kinds are patterns of which a kind must match one. Empty: all.
	Kinds []string
	// Exclude are patterns of which a kind must match none.
	Exclude []string
	// Where is an expression that must be true. Empty: it is.
	Where string
}

// Verdict is what a Filter says about an event.
type Verdict int

const (
	// Wanted says: the sink gets the event.
	Wanted Verdict = iota
	// Unwanted says: it does not.
	Unwanted
	// Absent says: it does not, because the expression asks for what the event does not have.
	Absent
	// Costly says: it does, because the expression took too much to be decided.
	Costly
)

// Sent reports whether the sink gets the event.
func (v Verdict) Sent() bool { return v == Wanted || v == Costly }

// Filter applies Rules.
type Filter struct {
	kinds, exclude patterns
	where          *Where
}

// New returns the filter of r. The error is that of Compile.
func New(r Rules) (*Filter, error) {
	f := &Filter{kinds: newPatterns(r.Kinds), exclude: newPatterns(r.Exclude)}
	if r.Where == "" {
		return f, nil
	}
	var err error
	f.where, err = Compile(r.Where)
	return f, err
}

// Judge decides about e.
func (f *Filter) Judge(e *pipeline.Event) Verdict {
	if len(f.kinds) > 0 && !f.kinds.match(e.Kind) || f.exclude.match(e.Kind) {
		return Unwanted
	}
	if f.where == nil {
		return Wanted
	}
	return f.where.judge(e)
}
