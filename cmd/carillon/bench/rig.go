package bench

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/pipeline"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/router"
)

// sinkBatch is how many events one Write may carry: an ordinary number for a sink that knows batches.
const sinkBatch = 256

func defaultPartitions() int { return journal.DefaultStream().Partitions }

// connectConfig returns an embedded journal in dir with sync: always.
func connectConfig(dir string) journal.ConnectConfig {
	c := journal.DefaultConnect()
	c.Embedded.Dir, c.Embedded.Sync = dir, journal.SyncAlways
	return c
}

// streamConfig keeps RAW no longer than needed: a long run must fit a disk.
func streamConfig(partitions int) journal.StreamConfig {
	s := journal.DefaultStream()
	s.Partitions, s.RawKeep = partitions, 0
	return s
}

// rig is a router with sources and a sink in code.
type rig struct {
	router   *router.Router
	registry *prometheus.Registry
	out      [copies]pipeline.Emitter
	sink     *sink
}

// startRig starts a router on a journal in dir. seen is called for every accepted event, concurrently; nil for nothing.
func startRig(ctx context.Context, dir string, partitions int, o order.Config, logger *slog.Logger, seen func(*pipeline.Event)) (*rig, error) {
	r := &rig{registry: prometheus.NewRegistry(), sink: &sink{goal: newGoal("events at the sink"), seen: seen}}
	setup := router.Setup{
		Connect: connectConfig(dir), Stream: streamConfig(partitions), Order: o,
		HTTP: router.DefaultHTTP(), Admin: router.AdminConfig{Listen: "127.0.0.1:0"}, Shutdown: router.DefaultShutdown(),
		Sinks: []router.SinkSetup{{ID: "nothing", Deliver: deliver.DefaultConfig(), New: func(pipeline.Settings) (pipeline.Sink, error) { return r.sink, nil }}},
	}
	var sources [copies]*source
	for p, id := range sourceNames() {
		src := &source{out: make(chan pipeline.Emitter, 1)}
		sources[p] = src
		setup.Sources = append(setup.Sources, router.SourceSetup{ID: id, New: func(pipeline.Settings) (pipeline.Source, error) { return src, nil }})
	}
	r.router = router.New(setup, router.Settings{Logger: logger, Registry: r.registry, Clock: time.Now})
	if err := r.router.Start(ctx); err != nil {
		return nil, fmt.Errorf("starting a router: %w", err)
	}
	for p, src := range sources {
		r.out[p] = <-src.out
	}
	return r, nil
}

func (r *rig) stop(ctx context.Context) error {
	if err := r.router.Stop(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("stopping a router: %w", err)
	}
	return nil
}

// emit hands over a run of places of what a path brings.
func (r *rig) emit(ctx context.Context, s *stock, path, from, to int) error {
	ns := make([]pipeline.Notification, 0, emitSize)
	for _, i := range s.orders[path][from:to] {
		ns = append(ns, pipeline.Notification{Body: s.body(path, i)})
	}
	return r.out[path].Emit(ctx, ns...)
}

// slice sends s through the router and returns when its events are accepted and all copies are judged.
func (r *rig) slice(ctx context.Context, s *stock) (cost, error) {
	judged, commits, err := r.counters()
	if err != nil {
		return cost{}, err
	}
	r.sink.goal.expect(s.len())
	begin, err := readInstant()
	if err != nil {
		return cost{}, err
	}
	if err := s.feed(ctx, func(ctx context.Context, path, from, to int) error { return r.emit(ctx, s, path, from, to) }); err != nil {
		return cost{}, fmt.Errorf("emitting: %w", err)
	}
	if err := r.sink.goal.wait(ctx, nil); err != nil {
		return cost{}, err
	}
	all, err := r.settle(ctx, judged+copies*s.len())
	if err != nil {
		return cost{}, err
	}
	k, err := since(begin, copies*s.len())
	k.commits = all - commits
	return k, err
}

// settle waits until so many records of RAW are judged, because the last copies come out nowhere, and returns how many commits
// the journal made by then.
func (r *rig) settle(ctx context.Context, want int) (int, error) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.Now().Add(stall)
	for {
		judged, commits, err := r.counters()
		if err != nil || judged >= want {
			return commits, err
		}
		if time.Now().After(limit) {
			return commits, fmt.Errorf("waiting for the last copies: %d of %d are missing after %s", want-judged, want, stall)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return commits, ctx.Err()
		}
	}
}

// counters returns how many records of RAW dedupe has judged and how many commits the journal made.
func (r *rig) counters() (judged, commits int, err error) {
	families, err := r.registry.Gather()
	if err != nil {
		return 0, 0, fmt.Errorf("reading the router's metrics: %w", err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "carillon_dedupe_events_total", "carillon_dedupe_witnesses_total":
				judged += int(m.GetCounter().GetValue())
			case "carillon_journal_batch_messages":
				commits += int(m.GetHistogram().GetSampleCount()) //nolint:gosec // no run makes so many
			}
		}
	}
	return judged, commits, nil
}

// source hands its emitter to the bench.
type source struct{ out chan pipeline.Emitter }

// Run implements pipeline.Source. The bench waits for what it emits before it stops the router.
func (s *source) Run(ctx context.Context, out pipeline.Emitter) error {
	s.out <- out
	<-ctx.Done()
	return nil
}

// sink accepts everything and does nothing.
type sink struct {
	goal *goal
	seen func(*pipeline.Event)
}

// Write implements pipeline.Sink.
func (s *sink) Write(_ context.Context, events []pipeline.Event) error {
	if s.seen != nil {
		for i := range events {
			s.seen(&events[i])
		}
	}
	s.goal.add(len(events))
	return nil
}

// MaxBatch implements pipeline.Batcher.
func (s *sink) MaxBatch() int { return sinkBatch }

// Close implements pipeline.Sink.
func (s *sink) Close(context.Context) error { return nil }
