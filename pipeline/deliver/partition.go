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
	dead, err := s.set.Journal.DeadIn(ctx, s.set.ID, maxDead)
	if err != nil {
		return err
	}
	feed, err := s.set.Journal.SinkFeed(ctx, s.set.ID, p, s.set.Config.Start == StartEarliest)
	if err != nil {
		return fmt.Errorf("opening partition %d for sink %q: %w", p, s.set.ID, err)
	}
	defer feed.Stop()
	r := &run{
		Sink: s, feed: feed, epoch: epoch, dead: dead,
		lanes: NewLanes(s.set.Config.Retry, rand.Float64),
		done:  make(chan result, s.set.Config.MaxInFlight+1), timer: time.NewTimer(time.Hour),
	}
	defer r.timer.Stop()
	err = r.loop(ctx)
	s.metrics.waiting.Sub(float64(r.lanesN))
	if err != nil {
		return fmt.Errorf("delivering partition %d to sink %q: %w", p, s.set.ID, err)
	}
	return nil
}

func (r *run) loop(ctx context.Context) error {
	tick := time.NewTicker(ackEvery)
	defer tick.Stop()
	for ctx.Err() == nil && r.Err() == nil {
		jobs := r.offer()
		in := r.feed.Messages()
		if r.floor.Open() >= maxOpen || r.bytes >= maxOpenBytes {
			in = nil // I6
		}
		select {
		case m := <-in:
			if err := r.take(m); err != nil {
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
	r.finish(context.WithoutCancel(ctx))
	return nil
}

// offer returns the channel of the workers when there is something to send, and nil otherwise; then it arms the timer.
func (r *run) offer() chan<- job {
	if r.next == nil && len(r.bury) == 0 && (r.batch == 1 || r.flying == 0) {
		r.next = r.lanes.Take(nil, time.Now(), r.batch)
	}
	n := r.lanes.Waiting()
	r.metrics.waiting.Add(float64(n - r.lanesN))
	r.lanesN = n
	if len(r.next) > 0 {
		return r.jobs
	}
	if at, ok := r.lanes.Wake(); ok {
		r.timer.Reset(max(time.Until(at), 0))
	}
	return nil
}

// take puts one event into its lane, unless the sink does not want it or has given it up before.
func (r *run) take(m journal.Message) error {
	position := r.floor.Add(m.Mark)
	e, err := m.Event()
	if err != nil {
		return err
	}
	_, dead := r.dead[e.ID]
	if dead || !r.match(e.Kind) {
		r.floor.Settle(position)
		if !dead {
			r.metrics.skipped.Inc()
		}
		return nil
	}
	e.Epoch = r.epoch()
	r.bytes += len(e.Body)
	r.lanes.Push(Item{Event: e, Position: position})
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

// finish waits for what is with the sink and acknowledges. The router bounds the wait by stopping the workers.
func (r *run) finish(ctx context.Context) {
	for r.flying > 0 {
		r.settle(ctx, <-r.done)
	}
	r.acknowledge()
}
