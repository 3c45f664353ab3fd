package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

// Retried is what came of a quarantined record that was read again.
type Retried string

const (
	// RetriedStored means that all of it is in RAW now, and the record is gone.
	RetriedStored Retried = "stored"
	// RetriedFiltered means that it is known now not to be wanted, and the record is gone.
	RetriedFiltered Retried = "filtered"
	// RetriedUnreadable means that it stays, because it still cannot be read.
	RetriedUnreadable Retried = "unreadable"
)

// Quarantine is what a Retrier needs of the journal.
type Quarantine interface {
	Journal
	DropQuarantined(ctx context.Context, r journal.QuarantineRecord) error
}

// Retrier reads quarantined records again, which a newer version may understand. It is safe for concurrent use.
type Retrier struct {
	journal Quarantine
	results map[Retried]prometheus.Counter
}

// NewRetrier returns a Retrier with its metrics at r.
func NewRetrier(j Quarantine, r prometheus.Registerer) *Retrier {
	results := promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "carillon_ingest_retried_total", Help: "Quarantined records that an operator had read again, by what came of it.",
	}, []string{"result"})
	out := &Retrier{journal: j, results: map[Retried]prometheus.Counter{}}
	for _, result := range []Retried{RetriedStored, RetriedFiltered, RetriedUnreadable} {
		out.results[result] = results.WithLabelValues(string(result))
	}
	return out
}

// Retry reads q, whole, as if it came in now from the source that brought it then. Only when everything in it has its place is the
// record dropped (I2); a crash in between makes copies of it, which dedupe knows. With RetriedUnreadable the error says why; any
// other error means that the journal could not take it now.
func (r *Retrier) Retry(ctx context.Context, q journal.QuarantineRecord) (Retried, error) {
	msgs, err := r.read(q)
	if err == nil {
		err = r.store(ctx, msgs)
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		r.results[RetriedUnreadable].Inc()
		return RetriedUnreadable, refused
	}
	if err != nil {
		return "", err
	}
	if err := r.journal.DropQuarantined(ctx, q); err != nil {
		return "", err
	}
	result := RetriedStored
	if len(msgs) == 0 {
		result = RetriedFiltered
	}
	r.results[result].Inc()
	return result, nil
}

// read returns the messages of what is in q; a *refusal when not all of it can be read.
func (r *Retrier) read(q journal.QuarantineRecord) ([]*nats.Msg, error) {
	if q.Missing > 0 {
		return nil, &refusal{fmt.Sprintf("%d of its parts are missing", q.Missing)}
	}
	var msgs []*nats.Msg
	for _, item := range chime.Read(nil, q.Body, q.Received) {
		if _, filtered := errors.AsType[*chime.Filtered](item.Err); filtered {
			continue
		}
		if item.Err != nil {
			return nil, &refusal{item.Err.Error()}
		}
		if limit := r.journal.MaxBody(); len(item.Body) > limit {
			return nil, tooLarge(len(item.Body), limit)
		}
		if item.Record.Time == 0 {
			item.Record.Time = q.Received.UnixMilli()
		}
		msgs = append(msgs, r.journal.RawMessage(journal.Notification{
			Record: item.Record, Source: q.Source, Received: q.Received, Trace: q.Trace, Body: item.Body,
		}))
	}
	return msgs, nil
}

func (r *Retrier) store(ctx context.Context, msgs []*nats.Msg) error {
	for _, err := range pipeline.FailedAt(r.journal.AppendRaw(ctx, msgs), len(msgs)) {
		if errors.Is(err, journal.ErrRefused) {
			return &refusal{err.Error()}
		}
		if err != nil {
			return fmt.Errorf("storing notification: %w", err)
		}
	}
	return nil
}

func tooLarge(size, limit int) *refusal {
	return &refusal{fmt.Sprintf("%d bytes are more than the %d the journal takes", size, limit)}
}
