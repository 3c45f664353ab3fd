package admin

import (
	"errors"
	"net/http"
	"regexp"
	"time"

	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

// sinkForm is what a sink may be called in a configuration.
var sinkForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// stateGone is the state of a sink that is not in the configuration.
const stateGone = "gone"

func (q *request) sinks() error {
	states, err := q.Journal.Sinks(q.ctx)
	if err != nil {
		return err
	}
	dead := map[string]int{}
	err = q.Journal.DeadCounts(q.ctx, dead)
	if err != nil {
		return err
	}
	out := Sinks{Sinks: make([]Sink, 0, len(states))}
	for _, s := range states {
		one, err := q.describe(s, dead[s.ID])
		if err != nil {
			return err
		}
		out.Sinks = append(out.Sinks, one)
	}
	return q.answer(out)
}

func (q *request) describe(s journal.SinkState, dead int) (Sink, error) {
	out := Sink{ID: s.ID, Waiting: s.Waiting, Dead: dead, Heir: s.Heir}
	if sink, err := q.sink(s.ID); err == nil {
		c := sink.Condition()
		out.State, out.Reason = string(c.State), c.Reason
		if !c.Since.IsZero() {
			out.Since = &c.Since
		}
		return out, nil
	}
	delivered, err := q.Journal.Delivered(q.ctx, s.ID)
	if err != nil || delivered {
		out.State = string(deliver.StateDelivering) // By another router.
		return out, err
	}
	out.State = stateGone
	if !s.Gone.IsZero() {
		out.Since = &s.Gone
		if q.ForgetAfter > 0 {
			at := s.Gone.Add(q.ForgetAfter).Truncate(time.Second)
			out.Forgotten = &at
		}
	}
	return out, nil
}

// known returns nil when the sink has a position.
func (q *request) known(id string) error {
	states, err := q.Journal.Sinks(q.ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.ID == id {
			return nil
		}
	}
	return refuse(http.StatusNotFound, "there is no sink %q", id)
}

func (q *request) forget() error {
	id := q.r.PathValue("id")
	if err := q.known(id); err != nil {
		return err
	}
	if _, err := q.sink(id); err == nil {
		return refuse(http.StatusConflict, "sink %q is in the configuration: remove it there and restart first", id)
	}
	err := q.Journal.ForgetSink(q.ctx, id)
	if errors.Is(err, journal.ErrDelivered) {
		return refuse(http.StatusConflict, "sink %q is delivered by another router: remove it from that configuration first", id)
	}
	if err != nil {
		return err
	}
	q.set.Logger.InfoContext(q.ctx, "done for an operator", telemetry.Task("sink forgotten"), telemetry.Component("sink", id))
	return q.answer(struct{}{})
}

func (q *request) rename() error {
	id := q.r.PathValue("id")
	var job Rename
	if err := q.read(&job); err != nil {
		return err
	}
	if !sinkForm.MatchString(job.To) {
		return refuse(http.StatusBadRequest, `%q: an id is a lower-case letter, then up to 31 of a-z, 0-9, "_" and "-"`, job.To)
	}
	if err := q.known(id); err != nil {
		return err
	}
	err := q.Journal.RenameSink(q.ctx, id, job.To)
	if errors.Is(err, journal.ErrSinkExists) {
		return refuse(http.StatusConflict, "sink %q has begun already, so it cannot go on where %q was: remove it from the configuration, restart, "+
			"forget it, and rename again", job.To, id)
	}
	if err != nil {
		return err
	}
	q.set.Logger.InfoContext(q.ctx, "done for an operator", telemetry.Task("sink renamed to "+job.To), telemetry.Component("sink", id))
	return q.answer(struct{}{})
}

func (q *request) resume() error {
	id := q.r.PathValue("id")
	if _, err := q.sink(id); err != nil {
		return err
	}
	if err := q.Journal.ResumeSink(id); err != nil {
		return err
	}
	q.set.Logger.InfoContext(q.ctx, "done for an operator", telemetry.Task("sink resumed"), telemetry.Component("sink", id))
	return q.answer(struct{}{})
}
