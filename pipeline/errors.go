package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class says what to do about an error.
type Class int

const (
	// ClassRetry is the class of every error that says nothing else: try again later.
	ClassRetry Class = iota
	// ClassThrottle says that the far side asked for a pause; try again after it.
	ClassThrottle
	// ClassReject says that this event will never be accepted; give it up and keep the reason.
	ClassReject
	// ClassFatal says that this component cannot go on: stop it, report it, keep the others.
	ClassFatal
)

// String returns the class as it appears in logs and labels.
func (c Class) String() string {
	switch c {
	case ClassRetry:
		return "retry"
	case ClassThrottle:
		return "throttle"
	case ClassReject:
		return "reject"
	case ClassFatal:
		return "fatal"
	}
	return "unknown"
}

// ClassError is an error with a class. Build it with Throttle, Reject or Fatal.
type ClassError struct {
	// Class is what to do.
	Class Class
	// Wait is how long the far side asked to be left alone; only with ClassThrottle, 0 when it did not say.
	Wait time.Duration
	// Err is what happened.
	Err error
}

// Error returns the message of the cause.
func (e *ClassError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ClassError) Unwrap() error { return e.Err }

// Throttle marks err as a request of the far side to wait. wait is 0 when it named no time.
func Throttle(err error, wait time.Duration) error {
	return &ClassError{Class: ClassThrottle, Wait: wait, Err: err}
}

// Reject marks err as final for this event.
func Reject(err error) error { return &ClassError{Class: ClassReject, Err: err} }

// Fatal marks err as final for the component.
func Fatal(err error) error { return &ClassError{Class: ClassFatal, Err: err} }

// Classify is the one place that answers which class an error has and how long to wait at least. An error without a class
// is ClassRetry. It does not look into a *BatchError: ask for each of its parts.
func Classify(err error) (Class, time.Duration) {
	if ce, ok := errors.AsType[*ClassError](err); ok {
		return ce.Class, ce.Wait
	}
	return ClassRetry, 0
}

// IndexError is the failure of one element of a batch.
type IndexError struct {
	// Index counts from 0 in the slice that was passed.
	Index int
	// Err is what happened to that element.
	Err error
}

// BatchError reports a call that failed for some elements and succeeded for all others.
type BatchError struct {
	// Failed is in ascending order of Index and never empty.
	Failed []IndexError
}

// Error names the number of failures and the first one.
func (e *BatchError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of the batch failed", len(e.Failed))
	if len(e.Failed) > 0 {
		fmt.Fprintf(&b, ", first at %d: %v", e.Failed[0].Index, e.Failed[0].Err)
	}
	return b.String()
}

// Unwrap returns the parts.
func (e *BatchError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f.Err
	}
	return errs
}

// FailedAt spreads err over n elements: nil for each that succeeded. An err that is no *BatchError failed all of them.
func FailedAt(err error, n int) []error {
	out := make([]error, n)
	if err == nil {
		return out
	}
	be, ok := errors.AsType[*BatchError](err)
	if !ok {
		for i := range out {
			out[i] = err
		}
		return out
	}
	for _, f := range be.Failed {
		if f.Index >= 0 && f.Index < n {
			out[f.Index] = f.Err
		}
	}
	return out
}

// MaxExcerpt is how many bytes an excerpt may have.
const MaxExcerpt = 1 << 10

// Excerpter is an error that keeps the beginning of what the far side answered, for the dead letter alone: it may quote the
// payload, so it is no part of Error, and of no log or label.
type Excerpter interface {
	error
	// Excerpt returns one line of printable text in UTF-8, at most MaxExcerpt bytes, without any credential. Empty: nothing.
	Excerpt() string
}

// Excerpt returns the excerpt that err or what it wraps has, and "" when there is none. Of a *BatchError ask for each part.
func Excerpt(err error) string {
	if e, ok := errors.AsType[Excerpter](err); ok {
		return e.Excerpt()
	}
	return ""
}
