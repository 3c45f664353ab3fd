package connectortest

import (
	"context"
	"slices"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// checkRefused: when the far side refuses one event, the answer is true for every event of the Write, nothing of its meeting
// is accepted after it (I5), and what failed can be written again.
func checkRefused(r *rig) {
	r.Helper()
	var all []pipeline.Event
	for bad := range 6 {
		es := r.next(6, "a", "b")
		all = append(all, es...)
		r.driver.Refuse(func(id chime.Identity) bool { return id == es[bad].ID })
		answers := r.deliver(es)
		r.checkTruth(es, answers, bad)
		r.driver.Refuse(nil)
		r.mustDeliver(failedOf(es, answers))
		r.checkAccepted(all)
	}
}

// checkTruth compares the answers with what the far side has.
func (r *rig) checkTruth(es []pipeline.Event, answers []error, bad int) {
	r.Helper()
	has := r.accepted()
	for i, e := range es {
		accepted := slices.Contains(has, e.ID)
		switch {
		case accepted && i > bad && e.Key == es[bad].Key:
			r.failf("event %d was accepted although event %d of the same meeting was refused before", i, bad)
		case accepted && answers[i] != nil:
			r.failf("event %d was accepted, and Write says: %v", i, answers[i])
		case !accepted && answers[i] == nil:
			r.failf("event %d was not accepted, and Write says that it was (event %d was refused)", i, bad)
		}
	}
}

func failedOf(es []pipeline.Event, answers []error) []pipeline.Event {
	var out []pipeline.Event
	for i, err := range answers {
		if err != nil {
			out = append(out, es[i])
		}
	}
	return out
}

// checkCut: a far side that is gone is no reason to give an event up, and when it is back the event is accepted.
func checkCut(r *rig) {
	r.Helper()
	es := r.next(4, "a", "b")
	r.mustDeliver(es[:2])
	mend := r.driver.Cut()
	err := r.wait(r.begin(context.Background(), es[2:3]))
	if err == nil {
		r.failf("Write says that an unreachable far side accepted an event")
	}
	for _, answer := range pipeline.FailedAt(err, 1) {
		if class, _ := pipeline.Classify(answer); class == pipeline.ClassReject {
			r.failf("Write gives an event up because the far side is unreachable: %v", answer)
		}
	}
	if mend == nil {
		r.checkAccepted(es[:2])
		return
	}
	mend()
	r.mustDeliver(es[2:])
	r.checkAccepted(es)
}
