package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline/telemetry"
)

const (
	// leaseTTL is how long a partition stays with an owner that is gone. leaseRenew leaves room for two failed renewals.
	leaseTTL   = 10 * time.Second
	leaseRenew = 3 * time.Second
	leaseRetry = time.Second
)

// leaseTiming is how long a lease lives without renewal, how often it is renewed, and how often it is asked for.
type leaseTiming struct{ ttl, renew, retry time.Duration }

// makeLeases makes the bucket of leases. It lives in memory: a lease that outlives every server protects nobody, and an
// embedded journal, which has one owner by its directory lock, is ready at once after a restart.
func (j *Journal) makeLeases(ctx context.Context) error {
	kv, err := j.leaseBucket(ctx)
	if err != nil {
		return fmt.Errorf("making bucket %s: %w", j.names.leases(), err)
	}
	j.leases = kv
	return nil
}

func (j *Journal) leaseBucket(ctx context.Context) (jetstream.KeyValue, error) {
	return j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: j.names.leases(), TTL: j.lease.ttl, Storage: jetstream.MemoryStorage, Replicas: j.stream.Replicas, MaxBytes: 1 << 20,
	})
}

// mendLeases makes the bucket again when err says that there is none: servers that all were restarted have forgotten it. The
// leases in it are gone, which their owners notice by the next renewal.
func (j *Journal) mendLeases(ctx context.Context, err error) {
	if !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, jetstream.ErrNoStreamResponse) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	if _, err := j.leaseBucket(ctx); err != nil {
		j.set.Logger.DebugContext(ctx, "bucket of leases not made", telemetry.Err(err))
	}
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
	tick := time.NewTicker(j.lease.retry)
	defer tick.Stop()
	for {
		begin := time.Now()
		rev, err := j.claim(ctx, key)
		if err == nil {
			return j.hold(ctx, key, rev, begin), nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			j.set.Logger.DebugContext(ctx, "lease not taken", telemetry.Partition(p), telemetry.Err(err))
			j.mendLeases(ctx, err)
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

func (j *Journal) hold(ctx context.Context, key string, rev uint64, begin time.Time) *Lease {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &Lease{j: j, key: key, rev: rev, lost: make(chan struct{}), stop: stop}
	l.wg.Go(func() { l.keep(ctx, begin) })
	return l
}

// Lost is closed when the lease is not ours any more, or may not be.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// keep renews the lease, last renewed at the given time, until ctx ends or the lease is lost. It counts as lost a little before
// the server lets somebody else have it.
func (l *Lease) keep(ctx context.Context, renewed time.Time) {
	tick := time.NewTicker(l.j.lease.renew)
	defer tick.Stop()
	life := l.j.lease.ttl - l.j.lease.ttl/10
	end := time.NewTimer(time.Until(renewed.Add(life)))
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			close(l.lost)
			return
		case <-tick.C:
		}
		begin := time.Now()
		err := l.renew(ctx, renewed.Add(life))
		switch {
		case err == nil:
			renewed = begin
			end.Reset(time.Until(renewed.Add(life)))
		case ctx.Err() != nil:
			return
		case errors.Is(classify(err), ErrFenced):
			close(l.lost)
			return
		}
	}
}

// renew gives up when the next renewal should have its turn, and at the latest when the lease ends. The end of ctx does not
// interrupt it: Release must know which revision is the last.
func (l *Lease) renew(ctx context.Context, end time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.j.lease.renew/2)
	defer cancel()
	ctx, cancelEnd := context.WithDeadline(ctx, end)
	defer cancelEnd()
	rev, err := l.j.leases.Update(ctx, l.key, []byte(l.j.set.Owner), l.rev)
	if errors.Is(classify(err), ErrFenced) && l.refresh(ctx) {
		rev, err = l.j.leases.Update(ctx, l.key, []byte(l.j.set.Owner), l.rev)
	}
	if err == nil {
		l.rev = rev
	}
	l.j.mendLeases(ctx, err)
	return err
}

// refresh learns the revision of a key that still bears our name: a renewal whose answer was lost has moved it.
func (l *Lease) refresh(ctx context.Context) bool {
	entry, err := l.j.leases.Get(ctx, l.key)
	if err != nil || string(entry.Value()) != l.j.set.Owner {
		return false
	}
	l.rev = entry.Revision()
	return true
}

// Release gives the partition back at once, so that another owner need not wait. It is called once.
func (l *Lease) Release(ctx context.Context) {
	l.stop()
	l.wg.Wait()
	err := l.j.leases.Delete(ctx, l.key, jetstream.LastRevision(l.rev))
	if errors.Is(classify(err), ErrFenced) && l.refresh(ctx) {
		err = l.j.leases.Delete(ctx, l.key, jetstream.LastRevision(l.rev))
	}
	if err != nil {
		l.j.set.Logger.DebugContext(ctx, "lease left to expire", telemetry.Lease(l.key), telemetry.Err(err))
	}
}
