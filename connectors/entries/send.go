package entries

import (
	"context"
	"errors"

	"carillon/pipeline"
)

var errNotSent = errors.New("not sent, because an earlier event of the same meeting was not accepted")

// Limit is what one call may have.
type Limit struct {
	// Entries is how many, at least 1.
	Entries int
	// Bytes is the size of all together. No entry is larger than this by itself.
	Bytes int
}

// Call makes one call with the entries of these events, by index, and returns the answer to each, or an error when the call
// failed as a whole.
type Call func(ctx context.Context, part []int) ([]error, error)

// Send makes calls until every event was accepted or has an error, and returns what a Write returns. sizes are those of the
// entries, and broken says which event has none and why. It has no goroutine; all calls come one after the other.
func Send(ctx context.Context, events []pipeline.Event, sizes []int, broken []error, limit Limit, call Call) error {
	s := sending{events: events, call: call, errs: make([]error, len(events)), stuck: map[string]bool{}}
	waiting := make([]int, len(events))
	for i := range waiting {
		waiting[i] = i
	}
	for len(waiting) > 0 {
		var part []int
		part, waiting = s.next(waiting, sizes, broken, limit)
		s.make(ctx, part)
	}
	return s.result()
}

// sending is one Write under way.
type sending struct {
	events []pipeline.Event
	call   Call
	errs   []error
	stuck  map[string]bool // meetings of which an event was not accepted
	down   error           // why it is useless to go on
}

// next takes the entries of the next call out of waiting: of each meeting the first, as many as there is room for. Events that
// cannot be sent have their error.
func (s *sending) next(waiting, sizes []int, broken []error, limit Limit) (part, rest []int) {
	taken := map[string]bool{} // meetings of which nothing more may go with this call
	bytes := 0
	for _, i := range waiting {
		key := s.events[i].Key
		switch {
		case s.down != nil:
			s.errs[i] = s.down
		case s.stuck[key]: // I5: nothing of a meeting is accepted after a failure
			s.errs[i] = errNotSent
		case taken[key]:
			rest = append(rest, i)
		case broken[i] != nil:
			s.fail(i, broken[i])
		case len(part) == limit.Entries, bytes+sizes[i] > limit.Bytes && len(part) > 0:
			taken[key] = true
			rest = append(rest, i)
		default:
			taken[key] = true
			bytes += sizes[i]
			part = append(part, i)
		}
	}
	return part, rest
}

// make makes a call, or several when it is refused as a whole.
func (s *sending) make(ctx context.Context, part []int) {
	if len(part) == 0 {
		return
	}
	if s.down != nil {
		s.failAll(part, s.down)
		return
	}
	answers, err := s.call(ctx, part)
	if err == nil {
		for n, i := range part {
			if answers[n] != nil {
				s.fail(i, answers[n])
			}
		}
		return
	}
	class, _ := pipeline.Classify(err)
	if class == pipeline.ClassReject && len(part) > 1 {
		s.make(ctx, part[:len(part)/2])
		s.make(ctx, part[len(part)/2:])
		return
	}
	if class != pipeline.ClassReject {
		s.down = err
	}
	s.failAll(part, err)
}

func (s *sending) failAll(part []int, err error) {
	for _, i := range part {
		s.fail(i, err)
	}
}

func (s *sending) fail(i int, err error) {
	s.errs[i] = err
	s.stuck[s.events[i].Key] = true
}

func (s *sending) result() error {
	var failed []pipeline.IndexError
	same := true
	for i, err := range s.errs {
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
		}
		same = same && err == s.errs[0] //nolint:errorlint // whether it is the very same one
	}
	switch {
	case len(failed) == 0:
		return nil
	case same:
		return s.errs[0]
	}
	return &pipeline.BatchError{Failed: failed}
}
