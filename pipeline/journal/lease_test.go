package journal

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// quickLeases is a lease that tests can wait for, and that a busy machine can renew in time.
func quickLeases() leaseTiming {
	return leaseTiming{ttl: 4 * time.Second, renew: 300 * time.Millisecond, retry: 50 * time.Millisecond}
}

// openPair returns two journals of different owners on one server; the server ends with the first.
func openPair(t *testing.T) (first, second *Journal) {
	t.Helper()
	s := newSetup(t)
	s.connect.Embedded.Listen = "127.0.0.1:0"
	first = s.open(t)
	other := s.again()
	other.connect = DefaultConnect()
	other.connect.URL, other.set.Owner = first.server.srv.ClientURL(), "second"
	second = other.open(t)
	for _, j := range []*Journal{first, second} {
		j.lease = quickLeases()
		require.NoError(t, j.makeLeases(bounded(t)))
	}
	return first, second
}

func acquire(t *testing.T, j *Journal) *Lease {
	t.Helper()
	l, err := j.Acquire(bounded(t), 1)
	require.NoError(t, err)
	return l
}

// acquireLater begins to acquire and returns where the lease will be.
func acquireLater(t *testing.T, j *Journal) <-chan *Lease {
	t.Helper()
	ctx, got := bounded(t), make(chan *Lease, 1)
	go func() {
		l, _ := j.Acquire(ctx, 1)
		got <- l
	}()
	return got
}

func TestLeaseHasOneOwnerAtATime(t *testing.T) {
	t.Parallel()
	first, second := openPair(t)
	mine := acquire(t, first)
	waiting := acquireLater(t, second)
	other, err := second.Acquire(bounded(t), 2)
	require.NoError(t, err, "another partition is free")
	other.Release(bounded(t))

	// Longer than a lease that nobody renews would live.
	select {
	case <-waiting:
		require.Fail(t, "two owners")
	case <-mine.Lost():
		require.Fail(t, "a lease that is renewed was lost")
	case <-time.After(2 * first.lease.ttl):
	}
	released := time.Now()
	mine.Release(bounded(t))
	theirs := <-waiting
	require.NotNil(t, theirs)
	require.Less(t, time.Since(released), first.lease.ttl, "a released lease need not expire")
	theirs.Release(bounded(t))
}

func TestLeaseOfTheDeadExpires(t *testing.T) {
	t.Parallel()
	first, second := openPair(t)
	begin := time.Now()
	dead := acquire(t, second)
	dead.stop()
	dead.wg.Wait() // Nobody renews it and nobody releases it.
	l := acquire(t, first)
	require.Greater(t, time.Since(begin), first.lease.ttl/2)
	l.Release(bounded(t))
	dead.Release(bounded(t)) // Comes too late and must not take the lease from anybody.
}

func TestLateReleaseTakesNothingFromTheNextOwner(t *testing.T) {
	t.Parallel()
	first, second := openPair(t)
	slow := acquire(t, second)
	slow.stop()
	slow.wg.Wait()
	l := acquire(t, first)
	slow.Release(bounded(t))
	entry, err := first.leases.Get(bounded(t), l.key)
	require.NoError(t, err)
	require.Equal(t, "first", string(entry.Value()))
	l.Release(bounded(t))
}

func TestLostWhenSomebodyElseTakesTheKey(t *testing.T) {
	t.Parallel()
	first, second := openPair(t)
	l := acquire(t, first)
	_, err := second.leases.Put(bounded(t), l.key, []byte("second"))
	require.NoError(t, err)
	begin := time.Now()
	<-l.Lost()
	require.Less(t, time.Since(begin), first.lease.ttl, "told by the next renewal, not by the end of the lease")
	l.Release(bounded(t))
	entry, err := first.leases.Get(bounded(t), l.key)
	require.NoError(t, err)
	require.Equal(t, "second", string(entry.Value()))
}

func TestRenewalWithoutAnswerIsNoLoss(t *testing.T) {
	t.Parallel()
	j, _ := openPair(t)
	l := acquire(t, j)
	_, err := j.leases.Put(bounded(t), l.key, []byte("first"))
	require.NoError(t, err)
	select {
	case <-l.Lost():
		require.Fail(t, "lost to ourselves")
	case <-time.After(2 * j.lease.ttl):
	}
	l.Release(bounded(t))
	_, err = j.leases.Get(bounded(t), l.key)
	require.ErrorIs(t, err, jetstream.ErrKeyNotFound, "and the last revision is known")
}

// TestReleaseDuringARenewal releases again and again at the moment of a renewal.
func TestReleaseDuringARenewal(t *testing.T) {
	j := open(t)
	j.lease.renew = time.Millisecond
	for range 50 {
		l := acquire(t, j)
		first, err := j.leases.Get(bounded(t), l.key)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			select {
			case <-l.Lost(): // A busy machine does not renew it within half a millisecond.
				return true
			default:
			}
			entry, err := j.leases.Get(bounded(t), l.key)
			return err == nil && entry.Revision() > first.Revision()
		}, patienceOfTests, time.Millisecond)
		l.Release(bounded(t))
		_, err = j.leases.Get(bounded(t), l.key)
		require.ErrorIs(t, err, jetstream.ErrKeyNotFound)
	}
}

func TestLostBeforeItExpiresWithoutConnection(t *testing.T) {
	t.Parallel()
	first, second := openPair(t)
	l := acquire(t, second)
	begin := time.Now()
	second.nc.Close()
	<-l.Lost()
	require.Less(t, time.Since(begin), second.lease.ttl, "the server keeps the lease at least until then")
	require.Greater(t, time.Since(begin), second.lease.renew, "one failure is no loss")
	waiting := acquireLater(t, first)
	l.Release(bounded(t))
	next := <-waiting
	require.NotNil(t, next)
	next.Release(bounded(t))
}

func TestOwnLeaseOfAnEarlierTenureIsTakenOver(t *testing.T) {
	j := open(t)
	old := acquire(t, j)
	old.stop()
	old.wg.Wait()
	begin := time.Now()
	l := acquire(t, j)
	require.Less(t, time.Since(begin), leaseTTL/2)
	l.Release(bounded(t))
	_, err := j.leases.Get(bounded(t), l.key)
	require.ErrorIs(t, err, jetstream.ErrKeyNotFound)
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	first, second := openPair(t)
	l := acquire(t, first)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := second.Acquire(ctx, 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	l.Release(bounded(t))
}
