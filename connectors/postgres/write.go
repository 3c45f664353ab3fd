package postgres

import (
	"context"
	"errors"

	"carillon/pipeline"
)

var errNotSent = errors.New("not sent, because an earlier event of the same meeting was not accepted")

// writing is one Write under way: which events failed, and why. Nothing of it needs a database.
type writing struct {
	events []pipeline.Event
	// store stores the events with these indexes, all of them or none.
	store func(ctx context.Context, part []int) error
	errs  []error
	stuck map[string]bool // meetings of which an event was not accepted
	down  error           // what makes it useless to go on
}

// apply stores part, and where the far side refuses it its halves, until it is known which event is refused.
func (w *writing) apply(ctx context.Context, part []int) {
	part = w.free(part)
	if len(part) == 0 {
		return
	}
	err := w.store(ctx, part)
	if err == nil {
		return
	}
	class, _ := pipeline.Classify(err)
	if class == pipeline.ClassReject && len(part) > 1 {
		half := len(part) / 2
		w.apply(ctx, part[:half])
		w.apply(ctx, part[half:])
		return
	}
	if class != pipeline.ClassReject {
		w.down = err
	}
	for _, i := range part {
		w.fail(i, err)
	}
}

// free returns those of part that may be stored, and fails the others.
func (w *writing) free(part []int) []int {
	var out []int
	for _, i := range part {
		switch {
		case w.down != nil:
			w.fail(i, w.down)
		case w.stuck[w.events[i].Key]: // I5: nothing of a meeting is accepted after a failure
			w.fail(i, errNotSent)
		default:
			out = append(out, i)
		}
	}
	return out
}

func (w *writing) fail(i int, err error) {
	w.errs[i] = err
	w.stuck[w.events[i].Key] = true
}

// result is what Write returns.
func (w *writing) result() error {
	var failed []pipeline.IndexError
	same := true
	for i, err := range w.errs {
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
		}
		same = same && err == w.errs[0] //nolint:errorlint // whether it is the very same one
	}
	switch {
	case len(failed) == 0:
		return nil
	case same:
		return w.errs[0]
	}
	return &pipeline.BatchError{Failed: failed}
}
