// Package demo runs a whole router against a small AWS in this process and meetings whose truth is known, shows what happens,
// and reports how the router did. Everything but AWS is what production runs: real sockets, signatures, connectors, journal.
package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/connectors"
	"carillon/pipeline/config"
	"carillon/pipeline/router"
	"carillon/pipeline/simulate"
	"carillon/pipeline/telemetry"
)

const (
	// window is how long the demo's router holds events; the default of order.window.
	window = 2 * time.Second
	// tolerance is how much the hold may differ from the difference of two arrivals: it runs from when a copy was stored, which
	// is a commit after it was received.
	tolerance = 500 * time.Millisecond
	// lead is the time between the end of the preparations and the first meeting.
	lead = 500 * time.Millisecond
	// stall is how long nothing may move before the demo stops waiting for the rest.
	stall = 20 * time.Second
)

// Options shape a run.
type Options struct {
	// Meetings is how many there are, 1 to 5000; For is the time within which they happen, 2s to 10m.
	Meetings int
	For      time.Duration
	// Loss and Repeat are shares of each path, 0 to 1.
	Loss, Repeat float64
	// Skew is by how much EventBridge lags behind SQS; SNS lags by half of it. 0s to 10m.
	Skew time.Duration
	// Seed chooses the run.
	Seed uint64
}

// Defaults returns the options of the default run.
func Defaults() Options {
	return Options{Meetings: 40, For: 15 * time.Second, Loss: 0.02, Repeat: 0.05}
}

// validate joins every problem of the options.
func (o Options) validate() error {
	var errs []error
	if o.Meetings < 1 || o.Meetings > 5000 {
		errs = append(errs, fmt.Errorf("--meetings: %d is outside 1 to 5000", o.Meetings))
	}
	if o.For < 2*time.Second || o.For > 10*time.Minute {
		errs = append(errs, fmt.Errorf("--for: %s is outside 2s to 10m", o.For))
	}
	for _, share := range []struct {
		flag  string
		value float64
	}{{"--loss", o.Loss}, {"--repeat", o.Repeat}} {
		if !(share.value >= 0 && share.value <= 1) { // Not a number is outside as well.
			errs = append(errs, fmt.Errorf("%s: %v is outside 0 to 1", share.flag, share.value))
		}
	}
	if o.Skew < 0 || o.Skew > 10*time.Minute {
		errs = append(errs, fmt.Errorf("--skew: %s is outside 0s to 10m", o.Skew))
	}
	return errors.Join(errs...)
}

// profile returns what the simulator is asked for.
func (o Options) profile(start time.Time) simulate.Profile {
	p := simulate.Demo(o.Seed, start.Truncate(time.Millisecond))
	p.Meetings, p.Duration = o.Meetings, o.For
	for i := range p.Paths {
		path := &p.Paths[i]
		path.Loss, path.Repeat = o.Loss, o.Repeat
		switch path.Path {
		case simulate.PathEventBridge:
			path.Skew = o.Skew
		case simulate.PathSNS:
			path.Skew = o.Skew / 2
		case simulate.PathSQS:
		}
	}
	return p
}

// Report is the outcome of a run and the seed that makes it again.
type Report struct {
	simulate.Report

	Seed uint64 `json:"seed"`
}

// run is one demo in progress.
type run struct {
	options  Options
	cloud    *cloud
	registry *prometheus.Registry
	router   *router.Router
	plan     []simulate.Delivery
	collect  *collector
}

// Run runs the demo until everything that was sent has come out, nothing moves any more, or ctx ends.
func Run(ctx context.Context, o Options, screen *Screen, logger *slog.Logger) (Report, error) {
	if err := o.validate(); err != nil {
		return Report{}, err
	}
	dir, err := os.MkdirTemp("", "carillon-demo-")
	if err != nil {
		return Report{}, fmt.Errorf("making a directory for the journal: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &run{options: o, registry: telemetry.NewRegistry("demo"), collect: &collector{}}
	screen.Begin(o)
	if r.cloud, err = startCloud(ctx); err != nil {
		return Report{}, err
	}
	stop := context.WithoutCancel(ctx)
	if err := r.startRouter(ctx, dir, logger); err != nil {
		return Report{}, errors.Join(err, r.cloud.close(stop))
	}
	err = r.play(ctx, screen)
	err = errors.Join(err, r.router.Stop(stop), r.cloud.close(stop))
	screen.End()
	return Report{Report: r.collect.report(r.observed()), Seed: o.Seed}, err
}

func (r *run) startRouter(ctx context.Context, dir string, logger *slog.Logger) error {
	factories := connectors.All(connectors.Options{Stdout: r.collect, CertTransport: r.cloud.aws.CertTransport()})
	c, err := config.LoadBytes("demo", r.cloud.configuration(dir), factories, nil)
	if err != nil {
		return fmt.Errorf("configuring the router: %w", err)
	}
	setup, err := c.Setup(factories)
	if err != nil {
		return fmt.Errorf("configuring the router: %w", err)
	}
	r.router = router.New(setup, router.Settings{Logger: logger, Registry: r.registry, Clock: time.Now})
	if err := r.router.Start(ctx); err != nil {
		return fmt.Errorf("starting the router: %w", err)
	}
	return nil
}

// play sends the meetings and waits for what comes out.
func (r *run) play(ctx context.Context, screen *Screen) error {
	if err := r.cloud.connect(ctx, r.router.HTTPAddr()); err != nil {
		return err
	}
	p := r.options.profile(time.Now().Add(lead))
	truth, err := simulate.Generate(p)
	if err != nil {
		return fmt.Errorf("making meetings: %w", err)
	}
	r.plan = simulate.Plan(p, truth)
	r.collect.expect(truth, r.plan)
	feeding := make(chan error, 1)
	go func() { feeding <- r.cloud.feed(ctx, r.plan) }()
	return r.watch(ctx, screen, feeding)
}

// watch shows the progress until the run is over.
func (r *run) watch(ctx context.Context, screen *Screen, feeding <-chan error) error {
	tick := time.NewTicker(screen.Every())
	defer tick.Stop()
	fed, moved, last := false, time.Now(), 0
	for {
		select {
		case err := <-feeding:
			if err != nil {
				return err
			}
			fed, feeding, moved = true, nil, time.Now()
		case <-tick.C:
		case <-ctx.Done():
			err := fmt.Errorf("stopped before the end: %w", ctx.Err())
			if !fed {
				err = errors.Join(err, <-feeding)
			}
			return err
		}
		s := r.snapshot()
		screen.Show(s)
		if n := s.Received + s.Delivered; n != last {
			last, moved = n, time.Now()
		}
		if fed && (s.complete() || time.Since(moved) > stall) {
			return nil
		}
	}
}
