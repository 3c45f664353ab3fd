// Package lockstep cuts a Write into rounds, for sinks whose protocol takes many messages at once and answers each by itself.
//
// Such a far side may fail one message and take the next: the connection broke and came back between them, or the room that was
// missing for the first was there for the second. Within a meeting that would break I5. So a round has at most one event of each
// meeting, the next round begins when all answers of the one before are there, and a meeting with a failure is in no further
// round. A batch of many meetings is one round mostly, and costs one round trip.
//
// It is pure: no I/O, no clock, no goroutine.
package lockstep

import (
	"errors"

	"carillon/pipeline"
)

var errHeld = errors.New("not sent, because an earlier event of the same meeting was not accepted")

// Write calls send for one round after the other and returns what pipeline.Sink.Write has to return. send gets indexes of
// events, in ascending order, and returns an error for each of them, nil where it was accepted for good.
func Write(events []pipeline.Event, send func(round []int) []error) error {
	answers := make([]error, len(events))
	stuck := map[string]bool{}
	for _, round := range rounds(events) {
		round = hold(events, round, stuck, answers)
		if len(round) == 0 {
			continue
		}
		for i, err := range send(round) {
			if err != nil {
				answers[round[i]] = err
				stuck[events[round[i]].Key] = true
			}
		}
	}
	return collect(answers)
}

// rounds deals events out: the first of each meeting is in the first round, the second in the second.
func rounds(events []pipeline.Event) [][]int {
	var out [][]int
	had := make(map[string]int, len(events))
	for i := range events {
		n := had[events[i].Key]
		had[events[i].Key] = n + 1
		if n == len(out) {
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

// hold takes the events of stuck meetings out of a round, and answers them (I5).
func hold(events []pipeline.Event, round []int, stuck map[string]bool, answers []error) []int {
	if len(stuck) == 0 {
		return round
	}
	rest := round[:0]
	for _, i := range round {
		if stuck[events[i].Key] {
			answers[i] = errHeld
			continue
		}
		rest = append(rest, i)
	}
	return rest
}

// collect makes one error of an answer for each event.
func collect(answers []error) error {
	var failed []pipeline.IndexError
	for i, err := range answers {
		if err != nil {
			failed = append(failed, pipeline.IndexError{Index: i, Err: err})
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &pipeline.BatchError{Failed: failed}
}
