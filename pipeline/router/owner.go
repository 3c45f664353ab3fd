package router

import (
	"context"
	"sync"
	"time"

	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/sequence"
	"carillon/pipeline/telemetry"
)

// recoverPause keeps a recovery that fails at once from spinning.
const recoverPause = 200 * time.Millisecond

// owner owns one partition whenever it holds its lease.
type owner struct {
	partition int
	router    *Router
	sequencer *sequence.Sequencer
	metrics   *sequence.Metrics
}

// run acquires the lease, owns, and begins again until ctx ends (I8).
func (o *owner) run(ctx context.Context) {
	for ctx.Err() == nil {
		lease, err := o.router.journal.Acquire(ctx, o.partition)
		if err != nil {
			return
		}
		o.own(ctx, lease)
		lease.Release(context.WithoutCancel(ctx))
	}
}

// own sequences and delivers until ctx ends or the lease is lost. Delivery does not wait for the fence: it is what frees space
// when EVENTS is full.
func (o *owner) own(ctx context.Context, lease *journal.Lease) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.router.owned.Inc()
	defer o.router.owned.Dec()
	var wg sync.WaitGroup
	wg.Go(func() {
		o.again(ctx, "sequencing", func() error { return o.sequencer.Run(ctx) })
	})
	for _, s := range o.router.sinks {
		wg.Go(func() { o.deliver(ctx, s) })
	}
	select {
	case <-lease.Lost():
		o.router.set.Logger.WarnContext(ctx, "lease lost; standing by", telemetry.Partition(o.partition))
	case <-ctx.Done():
	}
	cancel()
	wg.Wait()
}

func (o *owner) deliver(ctx context.Context, s *deliver.Sink) {
	o.again(ctx, "delivering", func() error { return s.Run(ctx, o.partition, o.sequencer.Epoch) })
}

// again calls run until it returns nil or ctx ends. An equal error is reported once.
func (o *owner) again(ctx context.Context, what string, run func() error) {
	last := ""
	for {
		err := run()
		if err == nil || ctx.Err() != nil {
			return
		}
		o.metrics.Recovered()
		if err.Error() != last {
			last = err.Error()
			o.router.set.Logger.WarnContext(ctx, "recovering", telemetry.Task(what), telemetry.Partition(o.partition), telemetry.Err(err))
		}
		select {
		case <-time.After(recoverPause):
		case <-ctx.Done():
			return
		}
	}
}
