package admin

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
)

const (
	// replayPage is how many events of a replay are in memory.
	replayPage = 256
	// replayPatience is for how long one event of a replay is tried before its meeting is left out.
	replayPatience = time.Minute
	// replayPause is the first pause between two attempts; it doubles up to replayMost.
	replayPause, replayMost = 100 * time.Millisecond, 5 * time.Second
)

// replay sends history again. An event that is refused for now is tried again for a while; a meeting of which one is not accepted is
// left out from there on, so that nothing of it comes before what it follows.
func (q *request) replay() error {
	job, times, err := q.replayJob()
	if err != nil {
		return err
	}
	sink, err := q.sink(job.Sink)
	if err != nil {
		return err
	}
	r := &replay{request: q, sink: sink, dry: job.DryRun, work: q.begin()}
	var page []pipeline.Event
	err = q.Journal.EventsBetween(q.ctx, job.Meeting, times.from, times.to, func(e pipeline.Event) error {
		if page = append(page, e); len(page) < replayPage {
			return nil
		}
		err := r.page(page)
		page = nil
		return err
	})
	if err == nil {
		err = r.page(page)
	}
	if counts := r.work.finish(err); !job.DryRun {
		q.log("history replayed", counts)
	}
	return nil
}

func (q *request) replayJob() (job ReplayJob, times span, err error) {
	if err = q.read(&job); err == nil {
		err = errors.Join(checkName("sink", job.Sink), checkName("meeting", job.Meeting))
	}
	if err == nil {
		times, err = newSpan(job.From, job.To)
	}
	if err == nil && (times.from.IsZero() || times.to.IsZero() || !times.from.Before(times.to)) {
		err = refuse(http.StatusBadRequest, "want from and to, from before to")
	}
	return job, times, err
}

// replay is a replay in hand.
type replay struct {
	*request

	sink  *deliver.Sink
	dry   bool
	work  *work
	stuck sync.Map // meetings that are left out
}

// page sends some events and returns when all are answered.
func (r *replay) page(events []pipeline.Event) error {
	return inOrder(r.ctx, events, func(e *pipeline.Event) string { return e.Key }, r.one)
}

func (r *replay) one(ctx context.Context, e *pipeline.Event) error {
	if r.dry {
		result := resultMatched
		if !r.sink.Wants(e) {
			result = string(deliver.ResultUnwanted)
		}
		r.work.add(result, nil)
		return nil
	}
	f := &Failure{Sink: r.sink.ID(), Meeting: e.Key, ID: e.ID.String()}
	if _, behind := r.stuck.Load(e.Key); behind {
		f.Reason = "an earlier event of the meeting was not accepted"
		r.work.add(resultBehind, f)
		return nil
	}
	result, reason, err := r.try(ctx, e)
	if err != nil {
		return err
	}
	switch deliver.Result(result) {
	case deliver.ResultAccepted, deliver.ResultUnwanted, deliver.ResultWaiting, deliver.ResultDead:
		f = nil
	case deliver.ResultRejected: // It will never be accepted: those behind it may be.
		f.Reason = reason
	case deliver.ResultRefused, deliver.ResultBusy, deliver.ResultDropped, deliver.ResultGone:
		r.stuck.Store(e.Key, true)
		f.Reason = reason
	}
	r.work.add(result, f)
	return nil
}

// try sends one event until it is answered for good or the patience is over. The error is that of ctx.
func (r *replay) try(ctx context.Context, e *pipeline.Event) (result, reason string, err error) {
	begin, pause := time.Now(), replayPause
	for {
		o, err := r.Journal.SendErrand(ctx, r.sink.ID(), chime.Partition(e.Key, r.Journal.Partitions()), journal.Errand{
			Kind: journal.ErrandReplay, Event: *e, Patience: redrivePatience,
		})
		if err != nil {
			o = journal.Outcome{Result: string(deliver.ResultRefused), Reason: err.Error()}
		}
		again := o.Result == string(deliver.ResultRefused) || o.Result == string(deliver.ResultBusy)
		if !again || time.Since(begin)+pause > replayPatience {
			return o.Result, o.Reason, ctx.Err()
		}
		select {
		case <-time.After(pause):
			pause = min(2*pause, replayMost)
		case <-ctx.Done():
			return "", "", errors.Join(ctx.Err(), err)
		}
	}
}
