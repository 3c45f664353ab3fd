package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline/telemetry"
)

const (
	// leaseTTL is how long a partition stays with an owner that is gone. leaseRenew leaves room for two failed renewals.
	leaseTTL   = 10 * time.Second
	leaseRenew = 3 * time.Second
	leaseRetry = time.Second
)

// makeLeases makes the bucket of leases. It lives in memory: a lease that outlives every server protects nobody, and an
// embedded journal, which has one owner by its directory lock, is ready at once after a restart.
func (j *Journal) makeLeases(ctx context.Context) error {
	kv, err := j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: j.names.leases(), TTL: leaseTTL, Storage: jetstream.MemoryStorage, Replicas: j.stream.Replicas, MaxBytes: 1 << 20,
	})
	if err != nil {
		return fmt.Errorf("making bucket %s: %w", j.names.leases(), err)
	}
	j.leases = kv
	return nil
}

// Lease is the right to own a partition. It keeps itself alive until Release, and says on Lost when it could not.
type Lease struct {
	j    *Journal
	key  string
	rev  uint64
	lost chan struct{}
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// Acquire waits until the lease of partition p is ours or ctx ends.
func (j *Journal) Acquire(ctx context.Context, p int) (*Lease, error) {
	key := "partition." + strconv.Itoa(p)
	tick := time.NewTicker(leaseRetry)
	defer tick.Stop()
	for {
		rev, err := j.claim(ctx, key)
		if err == nil {
			return j.hold(ctx, key, rev), nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			j.set.Logger.DebugContext(ctx, "lease not taken", telemetry.Partition(p), telemetry.Err(err))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("acquiring lease of partition %d: %w", p, ctx.Err())
		}
	}
}

// claim creates the key, or takes it over when it bears our own name: what a recovery in the same process left behind.
func (j *Journal) claim(ctx context.Context, key string) (uint64, error) {
	rev, err := j.leases.Create(ctx, key, []byte(j.set.Owner))
	if err == nil || !errors.Is(err, jetstream.ErrKeyExists) {
		return rev, err
	}
	entry, getErr := j.leases.Get(ctx, key)
	if getErr != nil || string(entry.Value()) != j.set.Owner {
		return 0, err
	}
	return j.leases.Update(ctx, key, []byte(j.set.Owner), entry.Revision())
}

func (j *Journal) hold(ctx context.Context, key string, rev uint64) *Lease {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &Lease{j: j, key: key, rev: rev, lost: make(chan struct{}), stop: stop}
	l.wg.Go(func() { l.keep(ctx) })
	return l
}

// Lost is closed when the lease is not ours any more, or may not be.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

func (l *Lease) keep(ctx context.Context) {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		begin := time.Now()
		err := l.renew(ctx)
		switch {
		case err == nil:
			renewed = begin
		case ctx.Err() != nil:
			return
		case errors.Is(classify(err), ErrFenced) || time.Since(renewed) > leaseTTL-leaseRenew:
			close(l.lost)
			return
		}
	}
}

func (l *Lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, leaseRenew/2)
	defer cancel()
	rev, err := l.j.leases.Update(ctx, l.key, []byte(l.j.set.Owner), l.rev)
	if err == nil {
		l.rev = rev
	}
	return err
}

// Release gives the partition back at once, so that another owner need not wait. It is called once.
func (l *Lease) Release(ctx context.Context) {
	l.stop()
	l.wg.Wait()
	if err := l.j.leases.Delete(ctx, l.key, jetstream.LastRevision(l.rev)); err != nil {
		l.j.set.Logger.DebugContext(ctx, "lease left to expire", telemetry.Lease(l.key), telemetry.Err(err))
	}
}
