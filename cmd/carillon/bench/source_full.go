package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/connectors/sqs"
	"carillon/pipeline"
)

// drain runs the sqs source in front of the journal, as a router does, until n messages are on disk and deleted.
func (s *sourceRun) drain(ctx context.Context, url string, n int) (cost, error) {
	set := pipeline.Settings{ID: s.options.Source, Logger: s.logger, Registerer: prometheus.NewRegistry(), Clock: time.Now}
	src, err := s.build(ctx, set, url)
	if err != nil {
		return cost{}, err
	}
	out := &counted{next: s.ingest.Emitter(set), stored: newGoal("messages in the journal")}
	out.stored.expect(n)
	before, err := s.commits()
	if err != nil {
		return cost{}, err
	}
	begin, err := readInstant()
	if err != nil {
		return cost{}, err
	}
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- src.Run(run, out) }()
	err = out.stored.wait(ctx, nil)
	// It stops when all it has in hand is deleted.
	stop()
	if err = errors.Join(err, <-done); err != nil {
		return cost{}, err
	}
	k, err := since(begin, n)
	if err != nil {
		return k, err
	}
	after, err := s.commits()
	k.commits = after - before
	return k, errors.Join(err, s.emptied(ctx, url))
}

// build makes a source with the settings of a user who has set nothing but the queue and the pollers.
func (s *sourceRun) build(ctx context.Context, set pipeline.Settings, url string) (pipeline.Source, error) {
	cfg := sqs.DefaultConfig()
	cfg.QueueURL, cfg.Region, cfg.Endpoint, cfg.MaxPollers = url, benchRegion, s.queues.endpoint, s.options.Pollers
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret(benchKey), pipeline.NewSecret(benchSecret)
	src, err := sqs.Factory().New(&cfg, set)
	if err != nil {
		return nil, fmt.Errorf("building a source: %w", err)
	}
	starter, ok := src.(pipeline.Starter)
	if !ok {
		return src, nil
	}
	return src, starter.Start(ctx)
}

// errLeft means that the source did less than it should have.
var errLeft = errors.New("the source left messages in the queue")

// emptied checks that nothing is left in a queue, neither visible nor in flight.
func (s *sourceRun) emptied(ctx context.Context, url string) error {
	left, err := s.queues.holds(ctx, url)
	if err == nil && left > 0 {
		err = fmt.Errorf("%w: %d", errLeft, left)
	}
	return err
}

// commits returns how many commits the journal has made.
func (s *sourceRun) commits() (int, error) {
	families, err := s.registry.Gather()
	if err != nil {
		return 0, fmt.Errorf("reading the journal's metrics: %w", err)
	}
	n := 0
	for _, f := range families {
		if f.GetName() != "carillon_journal_batch_messages" {
			continue
		}
		for _, m := range f.GetMetric() {
			n += int(m.GetHistogram().GetSampleCount()) //nolint:gosec // no run makes so many
		}
	}
	return n, nil
}

// counted is an emitter that counts what is stored.
type counted struct {
	next   pipeline.Emitter
	stored *goal
}

// Emit implements pipeline.Emitter.
func (c *counted) Emit(ctx context.Context, ns ...pipeline.Notification) error {
	err := c.next.Emit(ctx, ns...)
	stored := 0
	for _, failed := range pipeline.FailedAt(err, len(ns)) {
		if failed == nil {
			stored++
		}
	}
	c.stored.add(stored)
	return err
}
