package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

const (
	// usualPage and largestPage are how many entries a list has.
	usualPage, largestPage = 100, 1000
	// mostLetters bounds how many dead letters one request is about.
	mostLetters = 100_000
	// redrivePatience is for how long a dead letter waits for its meeting's turn.
	redrivePatience = 20 * time.Second
	// resultBehind is what comes of a dead letter whose meeting has an earlier one that was not accepted.
	resultBehind = "behind"
	// resultMatched is what a dry run counts.
	resultMatched = "matched"
)

var errEnough = errors.New("enough")

// page reads limit and after of a list.
func (q *request) page() (limit int, after uint64, err error) {
	in := q.r.URL.Query()
	limit = usualPage
	if text := in.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > largestPage {
			return 0, 0, refuse(http.StatusBadRequest, "limit: %q is outside 1 to %d", text, largestPage)
		}
	}
	if text := in.Get("after"); text != "" {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			return 0, 0, refuse(http.StatusBadRequest, "after: %q is not a place", text)
		}
	}
	return limit, after, nil
}

// Query returns the filter as the parameters of a list.
func (f DeadFilter) Query() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{
		"sink": f.Sink, "meeting": f.Meeting, "kind": f.Kind, "reason": f.Reason, "from": f.From, "to": f.To,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if len(f.IDs) > 0 {
		v["id"] = f.IDs
	}
	for _, p := range f.Places {
		v.Add("place", strconv.FormatUint(p, 10))
	}
	return v
}

func deadQuery(v url.Values) (DeadFilter, error) {
	places, err := readPlaces(v["place"])
	return DeadFilter{
		Sink: v.Get("sink"), Meeting: v.Get("meeting"), Kind: v.Get("kind"), Reason: v.Get("reason"), From: v.Get("from"), To: v.Get("to"),
		IDs: v["id"], Places: places,
	}, err
}

func readPlaces(texts []string) (places []uint64, err error) {
	for _, text := range texts {
		place, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "place: %q is not a number", text)
		}
		places = append(places, place)
	}
	return places, nil
}

func (q *request) deadList() error {
	limit, after, err := q.page()
	if err != nil {
		return err
	}
	f, err := deadQuery(q.r.URL.Query())
	if err != nil {
		return err
	}
	m, err := f.compile()
	if err != nil {
		return err
	}
	out := DeadLetters{Dead: []DeadLetter{}}
	err = q.Journal.Dead(q.ctx, m.Sink, m.Meeting, after+1, func(d journal.DeadLetter) error {
		if !m.has(&d) {
			return nil
		}
		if len(out.Dead) == limit {
			out.Next = out.Dead[limit-1].Place
			return errEnough
		}
		out.Dead = append(out.Dead, newDeadLetter(&d))
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return q.answer(out)
}

func (q *request) deadShow() error {
	place, err := q.place()
	if err != nil {
		return err
	}
	d, ok, err := q.Journal.DeadAt(q.ctx, place)
	if err != nil {
		return err
	}
	if !ok {
		return refuse(http.StatusNotFound, "there is no dead letter at %d any more: it was redriven or dropped, or has moved; list them again", place)
	}
	out := newDeadLetter(&d)
	out.Body = newBody(d.Body)
	return q.answer(out)
}

// letter is what a job has to know of a dead letter.
type letter struct {
	place uint64
	sink  string
	key   string
	id    chime.Identity
	seq   uint64
}

// letters returns what is chosen, in the order in which their meetings have them.
func (q *request) letters(m *deadMatch) ([]letter, error) {
	var all []letter
	err := q.Journal.Dead(q.ctx, m.Sink, m.Meeting, 0, func(d journal.DeadLetter) error {
		if !m.has(&d) {
			return nil
		}
		if len(all) == mostLetters {
			return refuse(http.StatusUnprocessableEntity, "more than %d dead letters match: choose fewer, such as by sink or time", mostLetters)
		}
		all = append(all, letter{d.Place, d.Sink, d.Key, d.ID, d.Sequence})
		return nil
	})
	// Not by place: one that was redriven and not accepted has a later place.
	slices.SortStableFunc(all, func(a, b letter) int { return cmp.Compare(a.seq, b.seq) })
	return all, err
}

// deadJob reads what a job is about; nil work means that it was a dry run and is answered.
func (q *request) deadJob() ([]letter, *work, error) {
	var job DeadJob
	if err := q.read(&job); err != nil {
		return nil, nil, err
	}
	if !job.chooses() && !job.All {
		return nil, nil, refuse(http.StatusBadRequest, "nothing chooses the dead letters: name some, or say all")
	}
	m, err := job.compile()
	if err != nil {
		return nil, nil, err
	}
	all, err := q.letters(m)
	if err != nil {
		return nil, nil, err
	}
	w := q.begin()
	if !job.DryRun {
		return all, w, nil
	}
	w.counts[resultMatched] = len(all)
	w.finish(nil)
	return nil, nil, nil
}

// deadRedrive sends dead letters again. Of one meeting the next is sent when the one before was accepted.
func (q *request) deadRedrive() error {
	all, w, err := q.deadJob()
	if w == nil {
		return err
	}
	var stuck sync.Map
	err = inOrder(q.ctx, all, lane, func(ctx context.Context, l *letter) error {
		f := l.failure()
		if _, behind := stuck.Load(lane(l)); behind {
			f.Reason = "an earlier dead letter of the meeting was not accepted"
			w.add(resultBehind, f)
			return nil
		}
		result, reason := q.errand(ctx, l, journal.ErrandRedrive)
		if result == string(deliver.ResultAccepted) || result == string(deliver.ResultGone) {
			f = nil
		} else {
			stuck.Store(lane(l), true)
			f.Reason = reason
		}
		w.add(result, f)
		return nil
	})
	q.log("dead letters redriven", w.finish(err))
	return nil
}

// lane names what has to be in order: a meeting of a sink.
func lane(l *letter) string { return l.sink + "." + l.key }

func (l *letter) failure() *Failure {
	return &Failure{Place: l.place, Sink: l.sink, Meeting: l.key, ID: l.id.String()}
}

// errand sends one errand about a dead letter.
func (q *request) errand(ctx context.Context, l *letter, kind journal.ErrandKind) (result, reason string) {
	o, err := q.Journal.SendErrand(ctx, l.sink, chime.Partition(l.key, q.Journal.Partitions()), journal.Errand{
		Kind: kind, Event: pipeline.Event{ID: l.id, Key: l.key}, Patience: redrivePatience,
	})
	if err != nil {
		return string(deliver.ResultRefused), err.Error()
	}
	return o.Result, o.Reason
}

// deadDrop removes dead letters. Whoever delivers the meeting does it; where nobody does, because the sink is gone, it is done here.
func (q *request) deadDrop() error {
	all, w, err := q.deadJob()
	if w == nil {
		return err
	}
	err = inOrder(q.ctx, all, lane, func(ctx context.Context, l *letter) error {
		o, err := q.Journal.SendErrand(ctx, l.sink, chime.Partition(l.key, q.Journal.Partitions()), journal.Errand{
			Kind: journal.ErrandDrop, Event: pipeline.Event{ID: l.id, Key: l.key}, Patience: redrivePatience,
		})
		if errors.Is(err, journal.ErrNobody) {
			o.Result = string(deliver.ResultDropped)
			err = q.Journal.DropDead(ctx, l.place)
		}
		if err != nil {
			o = journal.Outcome{Result: string(deliver.ResultRefused), Reason: err.Error()}
		}
		f := l.failure()
		if f.Reason = o.Reason; o.Result == string(deliver.ResultDropped) || o.Result == string(deliver.ResultGone) {
			f = nil
		}
		w.add(o.Result, f)
		return nil
	})
	q.log("dead letters dropped", w.finish(err))
	return nil
}

// log notes what an operator did.
func (q *request) log(what string, counts map[string]int) {
	q.set.Logger.InfoContext(q.ctx, "done for an operator", telemetry.Task(what), telemetry.Counts(counts))
}
