package deliver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/telemetry"
)

const (
	// ackEvery is how often a sink's floor is acknowledged.
	ackEvery = 250 * time.Millisecond
	// maxOpen and maxOpenBytes bound what one sink has read from one partition and not settled (I6).
	maxOpen      = 4096
	maxOpenBytes = 16 << 20
	// maxSpan bounds how many events are read beyond the lowest one that is not settled. A lane that is stuck must not stop
	// the others, but a restart repeats what they have sent meanwhile, and each event costs about 100 bytes until then.
	maxSpan = 1 << 16
	// buryRetry is the pause before a dead letter that could not be stored is stored again; its sink's partition waits.
	buryRetry = time.Second
	// maxDead bounds how many dead letters are remembered so that a restart does not send them again.
	maxDead = 100_000
)

// run is the delivery of one partition to one sink. Its methods run on one goroutine.
type run struct {
	*Sink
	feed   *journal.Feed
	lanes  *Lanes
	floor  journal.Floor
	epoch  func() uint64
	last   uint64 // the epoch when the run began
	dead   map[chime.Identity]struct{}
	done   chan result
	next   []Item // taken from the lanes, waiting for a worker
	flying int
	bytes  int
	bury   []Dead
	again  <-chan time.Time
	timer  *time.Timer
	lanesN int // as last told to the metrics
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
	err = r.loop(ctx)
	r.finish(context.WithoutCancel(ctx))
	s.metrics.waiting.Sub(float64(r.lanesN))
	if err != nil {
		return fmt.Errorf("delivering partition %d to sink %q: %w", p, s.set.ID, err)
	}
	return nil
}

func (s *Sink) open(ctx context.Context, p int, epoch func() uint64) (*run, error) {
	dead, err := s.set.Journal.DeadIn(ctx, s.set.ID, maxDead)
	if err != nil {
		return nil, err
	}
	last, err := s.set.Journal.LastEpoch(ctx, p)
	if err != nil {
		return nil, err
	}
	feed, err := s.set.Journal.SinkFeed(ctx, s.set.ID, p, s.set.Config.Start == StartEarliest)
	if err != nil {
		return nil, err
	}
	return &run{
		Sink: s, feed: feed, epoch: epoch, last: last, dead: dead,
		lanes: NewLanes(s.set.Config.Retry, rand.Float64),
		done:  make(chan result, s.set.Config.MaxInFlight+1), timer: time.NewTimer(time.Hour),
	}, nil
}

func (r *run) loop(ctx context.Context) error {
	tick := time.NewTicker(ackEvery)
	defer tick.Stop()
	for ctx.Err() == nil && r.Err() == nil {
		jobs := r.offer()
		in := r.feed.Messages()
		if r.lanes.Len() >= maxOpen || r.bytes >= maxOpenBytes || r.floor.Open() >= maxSpan {
			in = nil // I6
		}
		select {
		case m := <-in:
			if err := r.take(ctx, m); err != nil {
				return err
			}
		case jobs <- job{items: r.next, done: r.done}:
			r.next = nil
			r.flying++
		case res := <-r.done:
			r.settle(ctx, res)
		case <-r.again:
			r.buryAll(ctx)
		case <-r.timer.C:
		case <-tick.C:
			r.acknowledge()
		case err := <-r.feed.Broken():
			return err
		case <-r.Failed():
		case <-ctx.Done():
		}
	}
	return nil
}

// offer returns the channel of the workers when there is something to send, and nil otherwise; then it arms the timer, unless
// something else has to happen before anything may be sent.
func (r *run) offer() chan<- job {
	open := len(r.bury) == 0 && (r.batch == 1 || r.flying == 0)
	if r.next == nil && open {
		r.next = r.lanes.Take(nil, time.Now(), r.batch)
		r.stamp()
	}
	n := r.lanes.Waiting()
	r.metrics.waiting.Add(float64(n - r.lanesN))
	r.lanesN = n
	if len(r.next) > 0 {
		return r.jobs
	}
	if at, ok := r.lanes.Wake(); ok && open {
		r.timer.Reset(max(time.Until(at), 0))
	}
	return nil
}

// stamp gives what goes out the epoch of the moment, because an event may wait in its lane while the fence is renewed. Until
// the partition has its own fence that is the last one taken: every event was appended under one.
func (r *run) stamp() {
	epoch := max(r.epoch(), r.last)
	for i := range r.next {
		r.next[i].Epoch = epoch
	}
}

// take puts one event into its lane, unless the sink does not want it or has given it up before.
func (r *run) take(ctx context.Context, m journal.Message) error {
	position := r.floor.Add(m.Mark)
	e, err := m.Event()
	if err != nil {
		return r.setAside(ctx, m, position, err)
	}
	_, dead := r.dead[e.ID]
	if dead || !r.match(e.Kind) {
		r.floor.Settle(position)
		if !dead {
			r.metrics.skipped.Inc()
		}
		return nil
	}
	r.bytes += len(e.Body)
	r.lanes.Push(Item{Event: e, Position: position})
	return nil
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

// settle takes what a worker brought back.
func (r *run) settle(ctx context.Context, res result) {
	r.flying--
	now := time.Now()
	v := r.lanes.Settle(now, res.items, res.errs)
	for i := range v.Accepted {
		r.accepted(&v.Accepted[i], now)
	}
	for class, n := range v.Failed {
		r.metrics.failed[class].Add(float64(n))
	}
	if v.Fatal != nil {
		r.fail(v.Fatal)
	}
	if len(v.Dead) > 0 {
		r.bury = append(r.bury, v.Dead...)
		r.buryAll(ctx)
	}
}

func (r *run) accepted(i *Item, now time.Time) {
	r.floor.Settle(i.Position)
	r.bytes -= len(i.Body)
	r.metrics.delivered.Inc()
	r.metrics.lag.Observe(now.Sub(i.Time).Seconds())
	r.metrics.stay.Observe(now.Sub(i.Received).Seconds())
}

// buryAll stores the dead letters that wait. A lane goes on only after its own is stored (I5); when DEAD is full the sink
// waits, because the alternative is to lose the event.
func (r *run) buryAll(ctx context.Context) {
	r.again = nil
	for len(r.bury) > 0 {
		d := r.bury[0]
		err := r.set.Journal.AppendDead(ctx, journal.DeadLetter{Event: d.Event, Sink: r.set.ID, Reason: d.Cause.Error(), Attempts: d.Attempts})
		if errors.Is(err, journal.ErrRefused) {
			d.Body = nil // Too large with its reason: keep the record of it; EVENTS still has the body.
			err = r.set.Journal.AppendDead(ctx, journal.DeadLetter{Event: d.Event, Sink: r.set.ID, Reason: d.Cause.Error(), Attempts: d.Attempts})
		}
		if err != nil {
			r.set.Logger.WarnContext(ctx, "dead letter not stored; the sink waits", telemetry.Err(err))
			r.again = time.After(buryRetry)
			return
		}
		r.set.Logger.WarnContext(ctx, "event given up", telemetry.Event(d.ID.String()), telemetry.Kind(d.Kind), telemetry.Attempts(d.Attempts), telemetry.Err(d.Cause))
		r.metrics.dead.Inc()
		r.floor.Settle(d.Position)
		r.bytes -= len(r.bury[0].Body)
		r.lanes.Buried(d)
		r.bury = r.bury[1:]
	}
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
	for r.flying > 0 {
		r.settle(ctx, <-r.done)
	}
	r.acknowledge()
}
