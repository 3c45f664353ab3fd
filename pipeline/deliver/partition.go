package deliver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

const (
	// ackEvery is how often a sink's floor is acknowledged.
	ackEvery = 250 * time.Millisecond
	// maxOpen and maxOpenBytes bound what one sink has read from one partition and not settled (I6).
	maxOpen      = 4096
	maxOpenBytes = 16 << 20
	// maxSpan bounds how many events are read beyond the lowest one that is not settled: a restart repeats what was sent of
	// them, and each costs about 100 bytes until then.
	maxSpan = 1 << 16
	// buryRetry is the pause before a dead letter that could not be stored is stored again; its sink's partition waits.
	buryRetry = time.Second
	// takeAtOnce is how many events are read before anything else is looked at.
	takeAtOnce = 256
	// maxDead bounds how many dead letters are remembered so that a restart does not send them again.
	maxDead = 100_000
)

// run is the delivery of one partition to one sink. Its methods run on one goroutine.
type run struct {
	*Sink
	partition int
	feed      *journal.Feed
	lanes     *Lanes
	floor     journal.Floor
	epoch     func() uint64
	last      uint64 // the epoch when the run began
	done      chan result
	taken     pipeline.Event // the one that take looks at
	next      []Item         // taken from the lanes, waiting for a worker
	rooms     [][]Item       // for more of these: what came back, empty
	probe     bool           // next is a probe
	flying    int
	bytes     int
	bury      []Dead
	again     <-chan time.Time
	timer     *time.Timer
	parked    *journal.Parked
	pages     chan page
	reads     sync.WaitGroup
	full      bool // no lane can be parked until the next tick
	errands   desk
	// lanesN and parkedN are as last told to the metrics.
	lanesN, parkedN int
}

// Run delivers partition p until ctx ends, then waits for what is in flight and returns nil; a failed sink does the same. Any
// error means that the partition must be taken anew (I8). epoch tells what deliveries carry. Hold the lease of the partition.
func (s *Sink) Run(ctx context.Context, p int, epoch func() uint64) error {
	r, err := s.open(ctx, p, epoch)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // A consequence of being told to stop.
	case err != nil:
		return fmt.Errorf("opening partition %d for sink %q: %w", p, s.set.ID, err)
	}
	defer r.feed.Stop()
	defer r.timer.Stop()
	defer r.errands.close()
	ctx, cancel := context.WithCancel(ctx)
	defer r.reads.Wait()
	defer cancel()
	err = r.loop(ctx)
	r.finish(context.WithoutCancel(ctx))
	s.metrics.waiting.Sub(float64(r.lanesN))
	s.metrics.parked.Sub(float64(r.parkedN))
	if err != nil {
		return fmt.Errorf("delivering partition %d to sink %q: %w", p, s.set.ID, err)
	}
	return nil
}

func (s *Sink) open(ctx context.Context, p int, epoch func() uint64) (*run, error) {
	dead, err := s.set.Journal.DeadIn(ctx, s.set.ID, p, maxDead)
	if err != nil {
		return nil, err
	}
	last, err := s.set.Journal.LastEpoch(ctx, p)
	if err != nil {
		return nil, err
	}
	// Parked lanes come first: an event of theirs that the feed brings is not to be sent from there.
	parked, lanes, err := s.set.Journal.OpenParked(ctx, s.set.ID, p)
	if err != nil {
		return nil, err
	}
	feed, err := s.set.Journal.SinkFeed(ctx, s.set.ID, p, s.start)
	if err != nil {
		return nil, err
	}
	limits := Limits{Parked: max(1, maxParked/s.set.Journal.Partitions()), Pages: maxPages}
	r := &run{
		Sink: s, partition: p, feed: feed, epoch: epoch, last: last, parked: parked,
		lanes: NewLanes(&s.set.Config, limits, rand.Float64), pages: make(chan page, maxPages),
		done: make(chan result, s.set.Config.MaxInFlight+1), timer: time.NewTimer(time.Hour), errands: newDesk(),
	}
	err = r.restore(ctx, dead, lanes)
	if err == nil {
		err = r.listen()
	}
	if err != nil {
		feed.Stop()
		r.timer.Stop()
		return nil, err
	}
	return r, nil
}

func (r *run) loop(ctx context.Context) error {
	tick := time.NewTicker(ackEvery)
	defer tick.Stop()
	for ctx.Err() == nil && r.Err() == nil {
		if err := r.tend(ctx); err != nil {
			return err
		}
		if err := r.takeReady(ctx); err != nil {
			return err
		}
		for len(r.done) > 0 { // First, so that nothing more is sent than a sink can be expected to take.
			r.settle(ctx, <-r.done)
		}
		changed := r.gate.watch() // Before the question what may be sent, so that no change is missed.
		jobs := r.offer()
		r.read(ctx)
		in := r.feed.Messages()
		if r.crowded() || r.stretched() {
			in = nil // I6
		}
		select {
		case m := <-in:
			if err := r.take(ctx, m); err != nil {
				return err
			}
		case jobs <- job{items: r.next, probe: r.probe, done: r.done}:
			r.next, r.probe = nil, false
			r.flying++
		case res := <-r.done:
			r.settle(ctx, res)
		case got := <-r.pages:
			r.page(ctx, got)
		case <-r.again:
			r.buryAll(ctx)
		case w := <-r.errands.in:
			r.errand(ctx, w)
		case <-changed:
		case <-r.timer.C:
		case <-tick.C:
			r.expire()
			if err := r.progress(ctx, progressAtOnce); err != nil {
				return err
			}
			r.acknowledge()
		case err := <-r.feed.Broken():
			return err
		case <-r.Failed():
		case <-ctx.Done():
		}
	}
	return nil
}

// crowded reports whether no more events fit in memory.
func (r *run) crowded() bool { return r.lanes.Len() >= maxOpen || r.bytes >= maxOpenBytes }

// stretched reports whether too much was read beyond the lowest event that is not settled.
func (r *run) stretched() bool { return r.floor.Open() >= maxSpan }

// takeReady takes what is there already: before the next call is made up, so that it is as large as it can be.
func (r *run) takeReady(ctx context.Context) error {
	for range takeAtOnce {
		if r.crowded() || r.stretched() {
			return nil
		}
		select {
		case m := <-r.feed.Messages():
			if err := r.take(ctx, m); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

// take puts one event into its lane, unless the sink does not want it, has given it up before, or its lane is parked.
func (r *run) take(ctx context.Context, m journal.Message) error {
	position := r.floor.Add(m.Mark)
	var err error
	e := &r.taken
	if *e, err = m.Event(); err != nil {
		return r.setAside(ctx, m, position, err)
	}
	e.Sequence = m.Sequence
	dead, wanted := r.lanes.Dead(e.ID), true
	if !dead {
		wanted = r.wants(e)
	}
	if parked := r.lanes.Pass(e.Key, e.Sequence); parked || dead || !wanted {
		r.floor.Settle(position)
		return nil
	}
	r.bytes += len(e.Body)
	r.lanes.Push(Item{Event: *e, Position: position})
	return nil
}

// wants reports whether the sink wants e, and counts why not.
func (r *run) wants(e *pipeline.Event) bool {
	v := r.judge(e)
	if c := r.metrics.unjudged[v]; c != nil {
		c.Inc()
	}
	if !v.Sent() {
		r.metrics.skipped.Inc()
	}
	return v.Sent()
}

// setAside keeps a message of EVENTS whose headers nobody understands: another program wrote it, or a newer version did. It
// must not stop the events after it (I6).
func (r *run) setAside(ctx context.Context, m journal.Message, position int, cause error) error {
	q := journal.Quarantined{Source: "journal", Reason: cause.Error(), Received: m.Stored, Body: m.Body}
	if err := r.set.Journal.Quarantine(ctx, q); err != nil {
		return fmt.Errorf("setting message aside: %w", err)
	}
	r.set.Logger.WarnContext(ctx, "message set aside", telemetry.Err(cause))
	r.floor.Settle(position)
	return nil
}

// acknowledge tells the journal up to where everything is settled. A lost acknowledgement is harmless.
func (r *run) acknowledge() {
	if mark, moved := r.floor.Rise(); moved {
		if err := r.feed.Ack(mark); err != nil {
			r.set.Logger.Debug("acknowledgement lost", telemetry.Err(err))
		}
	}
}

// finish waits for what is with the sink and acknowledges; after an error too, because the next Run sends again what is not
// settled and must not meet it on its way (I5). The router bounds the wait by stopping the workers.
func (r *run) finish(ctx context.Context) {
	if r.probe {
		r.gate.cancel() // It waited for a worker.
	}
	for r.flying > 0 {
		r.settle(ctx, <-r.done)
	}
	if err := r.progress(ctx, maxParked); err != nil {
		r.set.Logger.DebugContext(ctx, "progress of parked lanes lost", telemetry.Err(err))
	}
	r.acknowledge()
}
