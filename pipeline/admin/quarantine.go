package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
)

// resultDropped is what comes of a quarantined record that is dropped.
const resultDropped = "dropped"

// Query returns the filter as the parameters of a list.
func (f QuarantineFilter) Query() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"source": f.Source, "reason": f.Reason, "from": f.From, "to": f.To} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for _, p := range f.Places {
		v.Add("place", strconv.FormatUint(p, 10))
	}
	return v
}

func quarantineQuery(v url.Values) (QuarantineFilter, error) {
	places, err := readPlaces(v["place"])
	return QuarantineFilter{Source: v.Get("source"), Reason: v.Get("reason"), From: v.Get("from"), To: v.Get("to"), Places: places}, err
}

func (q *request) quarantineList() error {
	limit, after, err := q.page()
	if err != nil {
		return err
	}
	f, err := quarantineQuery(q.r.URL.Query())
	if err != nil {
		return err
	}
	m, err := f.compile()
	if err != nil {
		return err
	}
	out := QuarantineList{Quarantine: []Quarantined{}}
	err = q.Journal.QuarantineList(q.ctx, after+1, func(r journal.QuarantineRecord) error {
		if !m.has(&r) {
			return nil
		}
		if len(out.Quarantine) == limit {
			out.Next = out.Quarantine[limit-1].Place
			return errEnough
		}
		out.Quarantine = append(out.Quarantine, newQuarantined(&r))
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return q.answer(out)
}

func (q *request) quarantineShow() error {
	place, err := q.place()
	if err != nil {
		return err
	}
	r, ok, err := q.Journal.QuarantineAt(q.ctx, place)
	if err != nil {
		return err
	}
	if !ok {
		return refuse(http.StatusNotFound, "there is no quarantined record at %d any more; list them again", place)
	}
	out := newQuarantined(&r)
	out.Body = newBody(r.Body)
	return q.answer(out)
}

// deed is what is done with a record: what came of it, and why it stays if it does. An error says nothing about the record.
type deed func(context.Context, journal.QuarantineRecord) (result, reason string, err error)

// quarantined does something with each record that is chosen.
func (q *request) quarantined(what string, do deed) error {
	var job QuarantineJob
	if err := q.read(&job); err != nil {
		return err
	}
	if !job.chooses() && !job.All {
		return refuse(http.StatusBadRequest, "nothing chooses the records: name some, or say all")
	}
	m, err := job.compile()
	if err != nil {
		return err
	}
	var places []uint64
	err = q.Journal.QuarantineList(q.ctx, 0, func(r journal.QuarantineRecord) error {
		if m.has(&r) {
			places = append(places, r.Place)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w := q.begin()
	if job.DryRun {
		w.counts[resultMatched] = len(places)
		w.finish(nil)
		return nil
	}
	q.log(what, w.finish(q.allQuarantined(w, places, do)))
	return nil
}

func (q *request) allQuarantined(w *work, places []uint64, do deed) error {
	for _, place := range places {
		if err := q.eachQuarantined(w, place, do); err != nil {
			return err
		}
	}
	return nil
}

// eachQuarantined does something with one record; an error ends all.
func (q *request) eachQuarantined(w *work, place uint64, do deed) error {
	r, ok, err := q.Journal.QuarantineAt(q.ctx, place)
	if err != nil {
		return err
	}
	if !ok {
		return nil // Somebody else was faster.
	}
	result, reason, err := do(q.ctx, r)
	if err == nil {
		w.add(result, quarantineFailure(place, reason))
	}
	return err
}

// quarantineFailure says why a record stays; nil when it does not.
func quarantineFailure(place uint64, reason string) *Failure {
	if reason == "" {
		return nil
	}
	return &Failure{Place: place, Reason: reason}
}

func (q *request) quarantineRetry() error {
	return q.quarantined("quarantine retried", func(ctx context.Context, r journal.QuarantineRecord) (string, string, error) {
		result, err := q.Retrier.Retry(ctx, r)
		if result == ingest.RetriedUnreadable {
			return string(result), err.Error(), nil
		}
		return string(result), "", err
	})
}

func (q *request) quarantineDrop() error {
	return q.quarantined("quarantine dropped", func(ctx context.Context, r journal.QuarantineRecord) (string, string, error) {
		return resultDropped, "", q.Journal.DropQuarantined(ctx, r)
	})
}

var _ ingest.Quarantine = (*journal.Journal)(nil)
