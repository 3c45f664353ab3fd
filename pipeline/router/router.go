package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nuid"
	"github.com/prometheus/client_golang/prometheus"

	"carillon/pipeline"
	"carillon/pipeline/admin"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/deliver"
	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/sequence"
	"carillon/pipeline/telemetry"
)

// Setup is what a router runs.
type Setup struct {
	Connect  journal.ConnectConfig
	Stream   journal.StreamConfig
	Identity dedupe.Config
	Order    order.Config
	HTTP     HTTPConfig
	Admin    AdminConfig
	Delivery DeliveryConfig
	Shutdown ShutdownConfig
	Sources  []SourceSetup
	Sinks    []SinkSetup
}

// SourceSetup is one configured source.
type SourceSetup struct {
	ID string
	// Group names the sources that are expected to bring the same events; see dedupe.SourceConfig.
	Group string
	New   func(pipeline.Settings) (pipeline.Source, error)
}

// SinkSetup is one configured sink.
type SinkSetup struct {
	ID      string
	Deliver deliver.Config
	New     func(pipeline.Settings) (pipeline.Sink, error)
}

// Settings is the code's part of a router.
type Settings struct {
	Logger *slog.Logger
	// Registry takes all metrics and is served at /metrics.
	Registry *prometheus.Registry
	// Clock tells the wall clock; time.Now outside tests.
	Clock func() time.Time
	// Grace is how long a source has to bring what another one of its group brought. 0: dedupe.DefaultGrace.
	Grace time.Duration
}

// Router is one running Carillon.
type Router struct {
	setup    Setup
	set      Settings
	journal  *journal.Journal
	sinks    []*deliver.Sink
	sources  []*source
	http     *frontDoor
	admin    *server
	api      *admin.API
	teardown teardown
	owned    prometheus.Gauge
	started  atomic.Bool
	wg       sync.WaitGroup
}

// source is a configured source and how it is doing.
type source struct {
	id  string
	src pipeline.Source
	err atomic.Pointer[error]
	up  atomic.Bool
}

// New returns a router that has done nothing yet.
func New(setup Setup, set Settings) *Router { return &Router{setup: setup, set: set} }

// Run starts the router, calls ready, waits until ctx ends, and stops. An error of the start is returned after what had started
// was stopped again.
func (r *Router) Run(ctx context.Context, ready func()) error {
	if err := r.Start(ctx); err != nil {
		return err
	}
	if ready != nil {
		ready()
	}
	<-ctx.Done()
	return r.Stop(context.WithoutCancel(ctx))
}

// Start brings everything up, or leaves nothing behind and says why. ctx bounds the start only.
func (r *Router) Start(ctx context.Context) error {
	steps := []func(context.Context) error{r.openAdmin, r.openJournal, r.startSinks, r.buildSources, r.startPartitions, r.startSources, r.openHTTP, r.openAPI}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return errors.Join(err, r.Stop(context.WithoutCancel(ctx)))
		}
	}
	r.started.Store(true)
	r.set.Logger.InfoContext(ctx, "ready", telemetry.Sources(len(r.sources)), telemetry.Sinks(len(r.sinks)), telemetry.HTTP(r.HTTPAddr()), telemetry.Admin(r.AdminAddr()))
	return nil
}

// Stop ends everything in order, within the drain limit and a few seconds. It is safe after a failed Start.
func (r *Router) Stop(ctx context.Context) error {
	r.started.Store(false)
	begin := time.Now()
	err := r.teardown.run(ctx, r.set.Logger)
	r.set.Logger.InfoContext(ctx, "stopped", telemetry.Took(time.Since(begin)))
	return err
}

// Journal returns the open journal, for tests and commands that look into it.
func (r *Router) Journal() *journal.Journal { return r.journal }

func (r *Router) openJournal(ctx context.Context) error {
	begin := time.Now()
	j, err := journal.Open(ctx, r.setup.Connect, r.setup.Stream, journal.Settings{
		Logger: r.set.Logger, Registerer: r.set.Registry, Owner: nuid.Next(), Clock: r.set.Clock,
	})
	if err != nil {
		return fmt.Errorf("opening journal: %w", err)
	}
	r.journal = j
	r.teardown.add("journal", func(context.Context) error { return j.Close() })
	r.set.Logger.InfoContext(ctx, "journal open", telemetry.Where(j.Describe()), telemetry.Partitions(j.Partitions()), telemetry.Took(time.Since(begin)))
	return nil
}

// startSinks starts the sinks, and says which others have a position.
func (r *Router) startSinks(ctx context.Context) error {
	ids := make([]string, len(r.setup.Sinks))
	for i, s := range r.setup.Sinks {
		ids[i] = s.ID
	}
	if err := r.checkHeirs(ctx, ids); err != nil {
		return err
	}
	for _, s := range r.setup.Sinks {
		set := r.settings("sink", s.ID)
		sink, err := s.New(set)
		if err != nil {
			return fmt.Errorf("building sink %q: %w", s.ID, err)
		}
		d, err := deliver.NewSink(sink, deliver.Settings{Settings: set, Journal: r.journal, Config: s.Deliver})
		if err != nil {
			return fmt.Errorf("building sink %q: %w", s.ID, err)
		}
		r.teardown.add("sink "+s.ID, d.Stop)
		if err := d.Start(ctx); err != nil {
			return err
		}
		r.sinks = append(r.sinks, d)
	}
	return r.journal.WatchSinks(ctx, ids, r.setup.Delivery.ForgetAfter)
}

// checkHeirs refuses to let a sink go on as another one while both are configured: nobody knows which of them is meant.
func (r *Router) checkHeirs(ctx context.Context, configured []string) error {
	states, err := r.journal.Sinks(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		if s.Heir != "" && slices.Contains(configured, s.ID) && slices.Contains(configured, s.Heir) {
			return fmt.Errorf("sink %q was renamed to %q and both are in the configuration: remove %q, "+
				`or take the renaming back while %q is not there: carillon sinks rename %s %s`, s.ID, s.Heir, s.ID, s.Heir, s.ID, s.ID)
		}
	}
	return nil
}

// buildSources makes the sources before anything runs, so that all receivers have registered their paths.
func (r *Router) buildSources(context.Context) error {
	r.http = r.newFrontDoor()
	for _, s := range r.setup.Sources {
		set := r.settings("source", s.ID)
		set.HTTP = r.http.of(s.ID)
		src, err := s.New(set)
		if err != nil {
			return fmt.Errorf("building source %q: %w", s.ID, err)
		}
		r.sources = append(r.sources, &source{id: s.ID, src: src})
	}
	return nil
}

// settings returns what a component gets; its metrics carry its id.
func (r *Router) settings(role, id string) pipeline.Settings {
	return pipeline.Settings{
		ID: id, Logger: r.set.Logger.With(telemetry.Component(role, id)), Clock: r.set.Clock,
		Registerer: prometheus.WrapRegistererWith(prometheus.Labels{role: id}, r.set.Registry),
	}
}

func (r *Router) startSources(ctx context.Context) error {
	for _, s := range r.sources {
		if st, ok := s.src.(pipeline.Starter); ok {
			if err := st.Start(ctx); err != nil {
				return fmt.Errorf("starting source %q: %w", s.id, err)
			}
		}
		r.compareRetention(ctx, s)
	}
	in := ingest.New(r.journal)
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, s := range r.sources {
		out := in.Emitter(r.settings("source", s.id))
		s.up.Store(true)
		running.Go(func() { r.runSource(run, s, out) })
	}
	r.teardown.add("sources", func(ctx context.Context) error {
		cancel()
		return waitFor(ctx, &running)
	})
	return nil
}

// runSource runs one source. One that fails stays down and is reported; the others go on.
func (r *Router) runSource(ctx context.Context, s *source, out pipeline.Emitter) {
	err := s.src.Run(ctx, out)
	s.up.Store(false)
	if err != nil && ctx.Err() == nil {
		s.err.Store(&err)
		r.set.Logger.ErrorContext(ctx, "source stopped: it takes nothing more until the next start", telemetry.Source(s.id), telemetry.Err(err))
	}
}

func (r *Router) openHTTP(ctx context.Context) error {
	if r.http.empty() {
		return nil
	}
	if err := r.http.start(ctx); err != nil {
		return err
	}
	r.teardown.add("receivers", r.http.stop)
	return nil
}

func (r *Router) startPartitions(ctx context.Context) error {
	ids := make([]string, len(r.setup.Sources))
	for i, s := range r.setup.Sources {
		ids[i] = s.ID
	}
	r.watch()
	n := r.journal.Partitions()
	set := sequence.Settings{
		Journal: r.journal, Order: r.setup.Order, Limits: sequence.DefaultLimits(n), Logger: r.set.Logger,
		Metrics: sequence.NewMetrics(r.set.Registry, append(ids, "journal")),
		Ledger:  r.ledger(), Retention: r.setup.Stream.Retention,
	}
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	set.Metrics.Partitions(n)
	r.wg.Go(func() { set.Metrics.WatchBacklog(own, r.journal, r.set.Clock, r.set.Logger) })
	for p := range n {
		o := &owner{partition: p, router: r, sequencer: sequence.New(p, set), metrics: set.Metrics}
		r.wg.Go(func() { o.run(own) })
	}
	r.teardown.add("partitions", func(ctx context.Context) error { return r.stopPartitions(ctx, cancel) })
	return nil
}
