package connectortest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// rig is one check under way: a far side, one sink at a time, and what was learned.
type rig struct {
	T
	events

	driver   SinkDriver
	patience time.Duration
	sink     pipeline.Sink // nil: closed

	mu   sync.Mutex
	errs []error
}

// failf fails the check and ends it.
func (r *rig) failf(format string, args ...any) {
	r.Helper()
	r.Errorf(format, args...)
	r.FailNow()
}

// open builds and starts a sink.
func (r *rig) open() {
	r.Helper()
	r.sink = r.driver.Open()
	starter, ok := r.sink.(pipeline.Starter)
	if !ok {
		return
	}
	if err := r.within("Start", func() error { return starter.Start(context.Background()) }); err != nil {
		r.failf("Start: %v", err)
	}
}

// close closes the sink if it is open.
func (r *rig) close() {
	r.Helper()
	if r.sink == nil {
		return
	}
	sink := r.sink
	r.sink = nil
	err := r.within("Close", func() error { return sink.Close(context.Background()) })
	r.note(err)
	if err != nil {
		r.Errorf("Close: %v", err)
	}
}

// abandon closes what a failed check left open, and does not care how.
func (r *rig) abandon() {
	if r.sink == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	_ = r.sink.Close(ctx) // the check has failed already
}

// maxBatch is how many events a Write may carry.
func (r *rig) maxBatch() int {
	r.Helper()
	batcher, ok := r.sink.(pipeline.Batcher)
	if !ok {
		return 1
	}
	n := batcher.MaxBatch()
	if n < 1 {
		r.failf("MaxBatch is %d, and must be 1 or more", n)
	}
	return n
}

// call is a function that runs on its own.
type call struct {
	what string
	done chan error
}

func start(what string, f func() error) call {
	c := call{what: what, done: make(chan error, 1)}
	go func() { c.done <- f() }()
	return c
}

// wait returns the answer of c, which must come soon.
func (r *rig) wait(c call) error {
	r.Helper()
	return c.wait(r, r.patience)
}

// wait returns the answer of c, or ends the test when there is none within limit.
func (c call) wait(t T, limit time.Duration) error {
	t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-c.done:
		return err
	case <-timer.C:
		t.Errorf("%s did not return within %s", c.what, limit)
		t.FailNow()
		return nil
	}
}

func (r *rig) within(what string, f func() error) error {
	r.Helper()
	return r.wait(start(what, f))
}

// entered waits until the far side holds a call.
func (r *rig) entered(s Stalled) {
	r.Helper()
	timer := time.NewTimer(r.patience)
	defer timer.Stop()
	select {
	case <-s.Entered:
	case <-timer.C:
		r.failf("no call reached the far side within %s", r.patience)
	}
}

// begin starts a Write. The call ends with an error of its own when the Write changed its events.
func (r *rig) begin(ctx context.Context, es []pipeline.Event) call {
	sink, before := r.sink, deepCopy(es)
	return start("Write", func() error {
		err := sink.Write(ctx, es)
		r.note(err)
		if !reflect.DeepEqual(before, es) {
			r.Errorf("Write changed the events it was given")
		}
		return err
	})
}

func deepCopy(es []pipeline.Event) []pipeline.Event {
	out := slices.Clone(es)
	for i := range out {
		out[i].Body = slices.Clone(out[i].Body)
	}
	return out
}

// note remembers an error for checkErrors. It is safe for concurrent use.
func (r *rig) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
}

// checkErrors looks for secrets in every error of the check and in everything these wrap.
func (r *rig) checkErrors() {
	r.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var told []string
	for _, err := range r.errs {
		told = append(told, texts(err)...)
		r.checkExcerpts(err)
	}
	checkTold(r, "an error", told, r.driver.Secrets)
}

// checkExcerpts looks at what err keeps for the dead letter of each event: it becomes a header there.
func (r *rig) checkExcerpts(err error) {
	r.Helper()
	batch, ok := errors.AsType[*pipeline.BatchError](err)
	if !ok {
		batch = &pipeline.BatchError{Failed: []pipeline.IndexError{{Err: err}}}
	}
	for _, f := range batch.Failed {
		excerpt := pipeline.Excerpt(f.Err)
		if len(excerpt) > pipeline.MaxExcerpt {
			r.Errorf("an excerpt has %d bytes, and may have %d", len(excerpt), pipeline.MaxExcerpt)
		}
		if !utf8.ValidString(excerpt) || strings.ContainsFunc(excerpt, func(c rune) bool { return !unicode.IsPrint(c) }) {
			r.Errorf("an excerpt does not print: %q", excerpt)
		}
	}
}

// checkTold looks for the payload and for secrets in texts of one sort.
func checkTold(t T, sort string, told, secrets []string) {
	t.Helper()
	for _, secret := range append([]string{payload}, secrets...) {
		i := slices.IndexFunc(told, func(text string) bool { return strings.Contains(text, secret) })
		if i >= 0 {
			t.Errorf("%s tells %q: %s", sort, secret, told[i])
		}
	}
}

func texts(err error) []string {
	if err == nil {
		return nil
	}
	out := []string{err.Error(), fmt.Sprintf("%+v", err)}
	switch e := err.(type) { //nolint:errorlint // the tree is walked by hand
	case interface{ Unwrap() error }:
		out = append(out, texts(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			out = append(out, texts(part)...)
		}
	}
	return out
}

// accepted returns what the far side accepted, the first time for each.
func (r *rig) accepted() []chime.Identity {
	var out []chime.Identity
	seen := map[chime.Identity]bool{}
	for _, id := range r.driver.Accepted() {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
