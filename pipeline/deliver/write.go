package deliver

import (
	"context"
	"errors"
	"time"

	"carillon/pipeline"
)

// errBehind is what becomes of an event that was not sent because an earlier one of its meeting was not accepted (I5).
var errBehind = errors.New("an earlier event of the meeting was not accepted")

// work calls the sink until ctx ends.
func (s *Sink) work(ctx context.Context) {
	for {
		select {
		case j := <-s.jobs:
			errs := s.send(ctx, j.items)
			j.done <- result{items: j.items, probe: j.probe, errs: errs, cut: ctx.Err() != nil}
		case <-ctx.Done():
			return
		}
	}
}

// send returns what became of each of items.
func (s *Sink) send(ctx context.Context, items []Item) []error {
	events := make([]pipeline.Event, len(items))
	for i := range items {
		events[i] = items[i].Event
	}
	s.metrics.inFlight.Add(float64(len(events)))
	defer s.metrics.inFlight.Sub(float64(len(events)))
	err := s.write(ctx, events)
	if len(events) > 1 && rejectedWhole(err) {
		return s.sendSingly(ctx, events)
	}
	return pipeline.FailedAt(err, len(events))
}

func (s *Sink) write(ctx context.Context, events []pipeline.Event) error {
	begin := time.Now()
	err := s.sink.Write(ctx, events)
	s.metrics.write.Observe(time.Since(begin).Seconds())
	return err
}

// rejectedWhole reports whether a sink rejected a batch without saying which of its events it meant.
func rejectedWhole(err error) bool {
	if _, byIndex := errors.AsType[*pipeline.BatchError](err); byIndex || err == nil {
		return false
	}
	class, _ := pipeline.Classify(err)
	return class == pipeline.ClassReject
}

// sendSingly finds the events that a sink rejects by asking for one at a time, so that their neighbours do not go to the dead
// letters with them. Nothing of the batch was accepted before. An answer that is about the sink rather than the event ends it.
func (s *Sink) sendSingly(ctx context.Context, events []pipeline.Event) []error {
	errs := make([]error, len(events))
	failed := make(map[string]struct{})
	for i := range events {
		if _, behind := failed[events[i].Key]; behind {
			errs[i] = errBehind
			continue
		}
		errs[i] = pipeline.FailedAt(s.write(ctx, events[i:i+1]), 1)[0]
		if errs[i] == nil {
			continue
		}
		failed[events[i].Key] = struct{}{}
		if class, _ := pipeline.Classify(errs[i]); class != pipeline.ClassReject {
			for k := i + 1; k < len(events); k++ {
				errs[k] = errs[i]
			}
			break
		}
	}
	return errs
}
