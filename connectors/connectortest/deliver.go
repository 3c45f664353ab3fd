package connectortest

import (
	"context"
	"errors"
	"slices"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// errHeld stands for the answer to an event that was not sent because an earlier one of its meeting had failed.
var errHeld = errors.New("held back")

// deliver writes es as the stage deliver does and returns the answer to each event.
func (r *rig) deliver(es []pipeline.Event) []error {
	r.Helper()
	answers := make([]error, 0, len(es))
	stuck := map[string]bool{}
	for chunk := range slices.Chunk(es, r.maxBatch()) {
		answers = append(answers, r.deliverChunk(chunk, stuck)...)
	}
	return answers
}

func (r *rig) deliverChunk(chunk []pipeline.Event, stuck map[string]bool) []error {
	r.Helper()
	answers := make([]error, len(chunk))
	var sent []pipeline.Event
	var at []int
	for i, e := range chunk {
		if stuck[e.Key] {
			answers[i] = errHeld
			continue
		}
		sent, at = append(sent, e), append(at, i)
	}
	if len(sent) == 0 {
		return answers
	}
	err := r.wait(r.begin(context.Background(), sent))
	r.checkShape(err, len(sent))
	for i, answer := range pipeline.FailedAt(err, len(sent)) {
		answers[at[i]] = answer
		if answer != nil {
			stuck[sent[i].Key] = true
		}
	}
	return answers
}

// checkShape holds a *BatchError to its own comments.
func (r *rig) checkShape(err error, n int) {
	r.Helper()
	var batch *pipeline.BatchError
	if !errors.As(err, &batch) {
		return
	}
	last := -1
	for _, f := range batch.Failed {
		if f.Index <= last || f.Index >= n || f.Err == nil {
			r.failf("BatchError for %d events names index %d (after %d) with error %v", n, f.Index, last, f.Err)
		}
		last = f.Index
	}
	if last < 0 {
		r.failf("BatchError without a failure")
	}
}

// mustDeliver writes es and fails the check unless every answer is nil.
func (r *rig) mustDeliver(es []pipeline.Event) {
	r.Helper()
	for i, err := range r.deliver(es) {
		if err != nil {
			r.failf("Write of event %d of %d: %v", i, len(es), err)
		}
	}
}

// checkAccepted compares what the far side has of es, first times only, with es: all of them, and each meeting in order.
func (r *rig) checkAccepted(es []pipeline.Event) {
	r.Helper()
	key := make(map[chime.Identity]string, len(es))
	want := map[string][]chime.Identity{}
	for _, e := range es {
		key[e.ID] = e.Key
		want[e.Key] = append(want[e.Key], e.ID)
	}
	got := map[string][]chime.Identity{}
	for _, id := range r.accepted() {
		meeting, known := key[id]
		if !known {
			r.failf("the far side has an event %s that was not written", id)
		}
		got[meeting] = append(got[meeting], id)
	}
	for meeting := range want {
		if !slices.Equal(want[meeting], got[meeting]) {
			r.failf("meeting %q: the far side has %v, written was %v", meeting, got[meeting], want[meeting])
		}
	}
}

// checkOnce fails unless the far side has exactly n events, repeats included.
func (r *rig) checkOnce(n int) {
	r.Helper()
	if got := len(r.driver.Accepted()); got != n {
		r.failf("the far side has %d events, %d were written and none repeated", got, n)
	}
}
