package kafka

import (
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/pipeline"
)

// write is one Write.
type write struct {
	*sink

	producer *producer
	events   []pipeline.Event
	tried    []error // what came of sending all of them together; nil: that was not possible
}

// together sends all events at once if that keeps I5, and reports whether all of them were accepted.
func (w *write) together(ctx context.Context) bool {
	records := w.records()
	if records == nil {
		return false
	}
	start := w.clock()
	under := w.producer.handOver(context.WithoutCancel(ctx), &w.flights, w.events, records)
	switch {
	case under != nil:
		w.tried = make([]error, len(under))
		w.await(ctx, under, w.tried, true)
		w.metrics.seconds.Observe(w.clock().Sub(start).Seconds())
	case w.producer.gate.isShut():
		w.tried = fill(len(w.events), errApart)
	default:
		return false
	}
	w.producer.proven = !slices.ContainsFunc(w.tried, isError)
	if w.producer.proven {
		w.metrics.ended(accepted, len(under))
	}
	return w.producer.proven
}

// records returns the records of all events, nil if they must not be sent together: one of them cannot be written, all of them are too
// large for one batch, or one is on its way already.
func (w *write) records() []*kgo.Record {
	if len(w.events) < 2 {
		return nil
	}
	room := int(w.config.MaxMessage) / 2
	out := make([]*kgo.Record, len(w.events))
	for i := range w.events {
		r, err := w.newRecord(&w.events[i])
		if err != nil || w.flights.find(sendingOf(&w.events[i])) != nil {
			return nil
		}
		if room -= size(r); room < 0 {
			return nil
		}
		out[i] = r
	}
	return out
}

// send answers for the events of a round, which are of different meetings.
func (w *write) send(ctx context.Context, round []int) []error {
	errs := w.produce(ctx, round, w.tried)
	for i, at := range round {
		if final(errs[i]) {
			w.metrics.alone.Inc()
			errs[i] = w.produceAlone(ctx, at)
		}
		result := accepted
		if class, _ := pipeline.Classify(errs[i]); class == pipeline.ClassReject {
			result = rejected // already explained: it does not go into the format
		} else if errs[i] != nil {
			result, errs[i] = explain(ctx, errs[i], w.timeout)
		}
		w.metrics.ended(result, 1)
		if errs[i] != nil {
			errs[i] = fmt.Errorf("producing to Kafka: %w", errs[i])
		}
	}
	return errs
}

// produceAlone produces one event while nothing else is on its way, so that the answer is about nothing else.
func (w *write) produceAlone(ctx context.Context, at int) error {
	if !w.producer.idle() {
		return errNotAlone // left by attempts that found no answer
	}
	return w.produce(ctx, []int{at}, nil)[0]
}

// produce hands the events over, but for those that have an answer already that is not about one of them alone, and waits.
func (w *write) produce(ctx context.Context, round []int, tried []error) []error {
	errs := make([]error, len(round))
	under := make([]*flight, len(round))
	start, quiet := w.clock(), w.producer.idle()
	for i, at := range round {
		if tried != nil && !final(tried[at]) {
			errs[i] = tried[at]
			continue
		}
		of := sendingOf(&w.events[at])
		if under[i] = w.flights.find(of); under[i] != nil {
			quiet = false
			continue
		}
		record, err := w.newRecord(&w.events[at])
		if err != nil {
			errs[i] = err
			continue
		}
		under[i] = w.producer.launch(context.WithoutCancel(ctx), &w.flights, of, record)
	}
	if slices.ContainsFunc(under, func(f *flight) bool { return f != nil }) {
		w.await(ctx, under, errs, quiet)
		w.metrics.seconds.Observe(w.clock().Sub(start).Seconds())
	}
	w.producer.proven = !slices.ContainsFunc(errs, isError)
	return errs
}

// await waits for the answers, all of them together no longer than the timeout. quiet says that nothing else is on its way.
func (w *write) await(ctx context.Context, under []*flight, errs []error, quiet bool) {
	bounded, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	if quiet {
		w.producer.flush(bounded)
	} else {
		w.producer.keepFlushing(ctx)
	}
	for i, f := range under {
		if f != nil {
			errs[i] = w.answer(bounded, f)
		}
	}
}

// answer returns the answer to one record. When ctx ends before, the record is left for the next attempt.
func (w *write) answer(ctx context.Context, f *flight) error {
	if f.isAnswered() && f.done == nil {
		return f.err // it was never left, as usual
	}
	w.flights.leave(f)
	if f.isAnswered() {
		w.flights.forget(f)
		return f.err
	}
	select {
	case <-f.done:
		w.flights.forget(f)
		return f.err
	case <-ctx.Done():
		return noAnswerError{w.dials.reason()}
	case <-w.gone:
		return errClosed
	}
}

func isError(err error) bool { return err != nil }

func fill(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
