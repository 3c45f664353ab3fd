package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

// openJournal opens a journal in dir as a router would.
func openJournal(ctx context.Context, dir string, partitions int, logger *slog.Logger) (*journal.Journal, error) {
	j, err := journal.Open(ctx, connectConfig(dir), streamConfig(partitions), journal.Settings{
		Logger: logger, Registerer: prometheus.NewRegistry(), Owner: "bench", Clock: time.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("opening a journal: %w", err)
	}
	return j, nil
}

// seeder writes events to EVENTS without a router.
type seeder struct {
	journal *journal.Journal
	fences  []*journal.Fence
	waiting [][]*nats.Msg // by partition
	items   []chime.Item
	raw     uint64
}

func newSeeder(ctx context.Context, j *journal.Journal) (*seeder, error) {
	s := &seeder{journal: j, waiting: make([][]*nats.Msg, j.Partitions())}
	for p := range j.Partitions() {
		f, err := j.TakeFence(ctx, p)
		if err != nil {
			return nil, err
		}
		s.fences = append(s.fences, f)
	}
	return s, nil
}

// add writes the event of body, sooner or later, and returns its key and partition.
func (s *seeder) add(ctx context.Context, body []byte) (key string, partition int, err error) {
	s.items = chime.Read(s.items[:0], body, time.Time{})
	r := s.items[0].Record
	if err := s.items[0].Err; err != nil {
		return "", 0, fmt.Errorf("reading what the bench made: %w", err)
	}
	s.raw++
	e := pipeline.Event{
		ID: r.ID, Key: r.Key, Kind: r.Kind, Attendee: r.Attendee, Time: time.UnixMilli(r.Time), Received: time.UnixMilli(r.Time),
		Source: sourceNames()[0], Raw: s.raw, Body: body,
	}
	p := chime.Partition(r.Key, s.journal.Partitions())
	s.waiting[p] = append(s.waiting[p], s.journal.EventMessage(p, &e))
	if len(s.waiting[p]) == journal.MaxAppend {
		err = s.flush(ctx, p)
	}
	return r.Key, p, err
}

func (s *seeder) flush(ctx context.Context, p int) error {
	if err := s.fences[p].Append(ctx, s.waiting[p]); err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	s.waiting[p] = s.waiting[p][:0]
	return nil
}

// end writes what still waits.
func (s *seeder) end(ctx context.Context) error {
	var errs []error
	for p := range s.waiting {
		errs = append(errs, s.flush(ctx, p))
	}
	return errors.Join(errs...)
}

// place is where the events of a meeting are.
type place struct {
	key       string
	partition int
}

// writeHistory writes n events of c and returns the places of its meetings in the order of their first events.
func writeHistory(ctx context.Context, j *journal.Journal, c *calendar, n int) ([]place, error) {
	s, err := newSeeder(ctx, j)
	if err != nil {
		return nil, err
	}
	known := map[place]struct{}{}
	var places []place
	for range n {
		key, partition, err := s.add(ctx, c.direct(c.take()))
		if err != nil {
			return nil, err
		}
		at := place{key, partition}
		if _, ok := known[at]; !ok {
			known[at] = struct{}{}
			places = append(places, at)
		}
	}
	return places, s.end(ctx)
}
