package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"carillon/connectors"
	"carillon/pipeline"
	"carillon/pipeline/config"
	"carillon/pipeline/deliver"
	"carillon/pipeline/router"
)

// deliver sends all events by a sink that is new to the journal, and returns what it cost, from its first call until it has accepted
// all, and how many calls that took.
func (s *sinkRun) deliver(ctx context.Context) (cost, int, error) {
	if err := s.far.renew(ctx); err != nil {
		return cost{}, 0, err
	}
	setup, err := s.setup()
	if err != nil {
		return cost{}, 0, err
	}
	c := &countedSink{goal: newGoal("events at the far side"), seen: func([]pipeline.Event) {}}
	k, err := s.through(ctx, setup.Deliver, setup.New, c)
	if err != nil {
		return k, 0, err
	}
	s.shape = shape{batch: c.MaxBatch(), calls: min(s.options.Partitions, setup.Deliver.MaxInFlight)}
	if s.shape.batch == 1 {
		s.shape.calls = setup.Deliver.MaxInFlight
	}
	return k, int(c.writes.Load()), s.verify(ctx)
}

// setup reads the configuration of the sink as a user would write it, over the defaults.
func (s *sinkRun) setup() (router.SinkSetup, error) {
	keys := s.far.keys()
	keys["type"], keys["start"], keys["max_in_flight"] = s.options.Sink, deliver.StartEarliest, min(s.options.Meetings, mostInFlight)
	text, err := json.Marshal(map[string]any{"sinks": map[string]any{"far": keys}}) // which is YAML, too
	if err != nil {
		return router.SinkSetup{}, fmt.Errorf("writing a configuration: %w", err)
	}
	factories := connectors.All(connectors.Options{})
	c, err := config.LoadBytes("bench", text, factories, nil)
	if err != nil {
		return router.SinkSetup{}, err
	}
	setup, err := c.Setup(factories)
	if err != nil {
		return router.SinkSetup{}, fmt.Errorf("reading a configuration: %w", err)
	}
	return setup.Sinks[0], nil
}

// collect returns the events as a sink gets them.
func (s *sinkRun) collect(ctx context.Context) ([]pipeline.Event, error) {
	var mu sync.Mutex
	var got []pipeline.Event
	c := &countedSink{goal: newGoal("events in the journal"), seen: func(events []pipeline.Event) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, events...)
	}}
	settings := deliver.DefaultConfig()
	settings.Start = deliver.StartEarliest
	build := func(pipeline.Settings) (pipeline.Sink, error) { return &sink{goal: newGoal("nothing")}, nil }
	_, err := s.through(ctx, settings, build, c)
	return got, err
}

// through runs the stage with the sink that build makes behind c until all events are accepted.
func (s *sinkRun) through(ctx context.Context, settings deliver.Config, build func(pipeline.Settings) (pipeline.Sink, error), c *countedSink) (cost, error) {
	s.slices++
	set := pipeline.Settings{ID: fmt.Sprintf("far-%d", s.slices), Logger: s.logger, Registerer: prometheus.NewRegistry(), Clock: time.Now}
	var err error
	if c.Sink, err = build(set); err != nil {
		return cost{}, fmt.Errorf("building a sink: %w", err)
	}
	d, err := deliver.NewSink(c, deliver.Settings{Settings: set, Journal: s.journal, Config: settings})
	if err != nil {
		return cost{}, errors.Join(err, c.Close(ctx))
	}
	if err := d.Start(ctx); err != nil {
		return cost{}, errors.Join(err, d.Stop(ctx))
	}
	k, err := s.flow(ctx, d, c)
	return k, errors.Join(err, d.Stop(context.WithoutCancel(ctx)), s.journal.ForgetSink(context.WithoutCancel(ctx), set.ID))
}

// flow runs all partitions.
func (s *sinkRun) flow(ctx context.Context, d *deliver.Sink, c *countedSink) (cost, error) {
	runtime.GC() // neither side pays for what was made before
	c.goal.expect(s.options.Events)
	running, stop := context.WithCancel(ctx)
	defer stop()
	g, running := errgroup.WithContext(running)
	failed := make(chan error, s.options.Partitions)
	for p := range s.options.Partitions {
		g.Go(func() error {
			err := d.Run(running, p, func() uint64 { return 0 })
			if err == nil {
				err = d.Err()
			}
			if err != nil {
				failed <- err
			}
			return err
		})
	}
	err := c.goal.wait(ctx, failed)
	k, timeErr := since(c.begin, s.options.Events)
	stop()
	return k, errors.Join(err, timeErr, g.Wait())
}

// countedSink counts what the sink behind it accepts.
type countedSink struct {
	pipeline.Sink

	goal   *goal
	seen   func([]pipeline.Event) // is told what was accepted; concurrently
	writes atomic.Int64
	once   sync.Once
	begin  instant // of the first call
}

// Start implements pipeline.Starter.
func (c *countedSink) Start(ctx context.Context) error {
	if s, ok := c.Sink.(pipeline.Starter); ok {
		return s.Start(ctx)
	}
	return nil
}

// MaxBatch implements pipeline.Batcher.
func (c *countedSink) MaxBatch() int {
	if b, ok := c.Sink.(pipeline.Batcher); ok {
		return b.MaxBatch()
	}
	return 1
}

// Write implements pipeline.Sink.
func (c *countedSink) Write(ctx context.Context, events []pipeline.Event) error {
	var err error
	c.once.Do(func() { c.begin, err = readInstant() })
	if err != nil {
		return pipeline.Fatal(err)
	}
	c.writes.Add(1)
	if err := c.Sink.Write(ctx, events); err != nil {
		// A far side on this machine that refuses anything measures something else.
		return pipeline.Fatal(err)
	}
	c.seen(events)
	c.goal.add(len(events))
	return nil
}
