package journal

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestGroupCommit has many callers at once and expects them to share commits, each with its order kept.
func TestGroupCommit(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			const callers, each = 100, 7
			j := open(t, where)
			var wg sync.WaitGroup
			errs := make([]error, callers)
			for c := range callers {
				wg.Go(func() { errs[c] = j.AppendRaw(bounded(t), raws(j, 0, c*each, each, 100)) })
			}
			wg.Wait()
			require.NoError(t, errors.Join(errs...))

			last := map[int]int{}
			for _, n := range numbers(t, stored(t, j, PlaceRaw)) {
				require.Equal(t, last[n/each], n%each, "order within call %d", n/each)
				last[n/each]++
			}
			require.Len(t, last, callers)
			n, messages := commits(t, j)
			require.Less(t, n, uint64(callers), "nobody shared a commit")
			require.InDelta(t, callers*each, messages, 0)
			require.InDelta(t, callers*each, appended(t, j, outcomeStored), 0)
		})
	}
}

// TestFewGoPlainAndManyAsABatch is about a server elsewhere.
func TestFewGoPlainAndManyAsABatch(t *testing.T) {
	j := open(t, remote(t))
	for _, n := range []int{1, maxPlain, maxPlain + 1, maxBatch, 2*maxBatch + 1} {
		require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, n, 10)))
	}
	all := stored(t, j, PlaceRaw)
	require.Len(t, all, 1+maxPlain+maxPlain+1+maxBatch+2*maxBatch+1)
	require.Empty(t, all[0].Header.Get("Nats-Batch-Id"))
	require.Empty(t, all[maxPlain].Header.Get("Nats-Batch-Id"))
	require.NotEmpty(t, all[maxPlain+1].Header.Get("Nats-Batch-Id"))
}

// limitMessages makes RAW refuse messages over size bytes.
func limitMessages(t *testing.T, j *Journal, size int32) {
	t.Helper()
	c := j.streams[j.names.raw()].CachedInfo().Config
	c.MaxMsgSize = size
	_, err := j.js.UpdateStream(bounded(t), c)
	require.NoError(t, err)
}

// appendWithCulprits appends n messages of which some are too large and expects exactly those to fail.
func appendWithCulprits(t *testing.T, j *Journal, n, size int, culprits ...int) {
	t.Helper()
	require.NoError(t, j.streams[j.names.raw()].Purge(bounded(t)))
	refused := appended(t, j, outcomeRefused)
	bad := map[int]bool{}
	msgs := raws(j, 0, 0, n, 20)
	for _, c := range culprits {
		bad[c] = true
		msgs[c] = raw(j, 0, c, size)
	}
	err := j.AppendRaw(bounded(t), msgs)
	var good []int
	for i, err := range pipeline.FailedAt(err, n) {
		if bad[i] {
			require.ErrorIs(t, err, ErrRefused, "message %d of %d, culprits %v", i, n, culprits)
			continue
		}
		require.NoError(t, err, "message %d of %d, culprits %v", i, n, culprits)
		good = append(good, i)
	}
	require.Equal(t, good, nilIfEmpty(numbers(t, stored(t, j, PlaceRaw))), "culprits %v", culprits)
	require.Greater(t, appended(t, j, outcomeRefused), refused)
}

func nilIfEmpty(n []int) []int {
	if len(n) == 0 {
		return nil
	}
	return n
}

func TestRefusedMessageFailsAlone(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			const size = 20_000
			j := open(t, where)
			limitMessages(t, j, size/2)
			for _, n := range []int{1, 3, maxPlain + 1, 40} {
				for _, at := range []int{0, n / 2, n - 1} {
					appendWithCulprits(t, j, n, size, at)
				}
			}
			appendWithCulprits(t, j, 6, size, 0, 1, 2, 3, 4, 5)
			appendWithCulprits(t, j, maxBatch, size, 0, 499, 500, 999)
			dice := rand.New(rand.NewPCG(1, 2))
			for range 8 {
				n := 1 + dice.IntN(60)
				appendWithCulprits(t, j, n, size, dice.Perm(n)[:1+dice.IntN(n)]...)
			}
		})
	}
}

func TestMessageOverMaxPayloadFailsAlone(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			j := open(t, where)
			for _, n := range []int{1, 3, 20} {
				appendWithCulprits(t, j, n, maxPayload, n/2)
			}
		})
	}
}

func TestSizeOf(t *testing.T) {
	j := &Journal{names: names{prefix: "chime"}, stream: StreamConfig{Partitions: 4}}
	several := raw(j, 0, 0, 10)
	several.Header["X"] = []string{"a", "", "bcd"}
	for _, m := range []*nats.Msg{{}, {Subject: "s", Data: []byte("abc")}, raw(j, 0, 0, 1000), several, j.EventMessage(0, event(0, 1, 5))} {
		require.Equal(t, m.Size(), sizeOf(m))
	}
}

// TestMessageThatJustFits is larger than what a batch with its headers could carry.
func TestMessageThatJustFits(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			j := open(t, where, maxBytes(256<<20))
			msgs := raws(j, 0, 0, 10, 10)
			msgs[3] = raw(j, 0, 3, 100)
			msgs[3] = raw(j, 0, 3, 100+int(j.nc.MaxPayload())-msgs[3].Size())
			require.EqualValues(t, j.nc.MaxPayload(), msgs[3].Size())
			require.NoError(t, j.AppendRaw(bounded(t), msgs))
			require.Equal(t, count(0, 10), numbers(t, stored(t, j, PlaceRaw)))
		})
	}
}

func TestFullStreamRefusesAllAndTakesAgain(t *testing.T) {
	for name, where := range everywhere(t) {
		t.Run(name, func(t *testing.T) {
			j := open(t, where, maxBytes(3<<20)) // 1 MiB of RAW.
			require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 9, 100_000)))
			for _, n := range []int{1, maxPlain, 20} {
				before := state(t, j, j.names.raw()).Msgs
				msgs := raws(j, 0, 100, n, 200_000)
				for _, err := range pipeline.FailedAt(j.AppendRaw(bounded(t), msgs), n) {
					require.ErrorIs(t, err, ErrFull)
				}
				require.Equal(t, before, state(t, j, j.names.raw()).Msgs, "nothing was stored")
			}
			require.Positive(t, appended(t, j, outcomeFull))
			require.NoError(t, j.streams[j.names.raw()].Purge(bounded(t)))
			msgs := raws(j, 0, 0, 9, 100_000)
			require.NoError(t, j.AppendRaw(bounded(t), msgs))
			require.Equal(t, count(0, 9), numbers(t, stored(t, j, PlaceRaw)))
		})
	}
}

// hold keeps every batch from being sent until the returned function is called.
func hold(j *Journal) (release func()) {
	for range maxOpen {
		j.open <- struct{}{}
	}
	return func() {
		for range maxOpen {
			<-j.open
		}
	}
}

func TestCancelWhileWaiting(t *testing.T) {
	j := open(t)
	release := hold(j)
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan error, 2)
	go func() { answers <- j.AppendRaw(ctx, raws(j, 0, 0, 10, 10)) }()
	// The second is behind the first, in the queue.
	go func() { answers <- j.AppendRaw(ctx, raws(j, 0, 10, 10, 10)) }()
	cancel()
	require.ErrorIs(t, <-answers, context.Canceled)
	require.ErrorIs(t, <-answers, context.Canceled)
	release()
	// The appender is not in disorder: what comes next is stored, after whatever was on its way.
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 90, 10, 10)))
	all := numbers(t, stored(t, j, PlaceRaw))
	require.Equal(t, count(90, 10), all[len(all)-10:])
}

func TestAppendAfterClose(t *testing.T) {
	j := open(t)
	fence := fence(t, j, 0)
	require.NoError(t, j.Close())
	require.ErrorIs(t, j.AppendRaw(bounded(t), []*nats.Msg{{Subject: "x"}}), errStopped)
	require.ErrorIs(t, j.Quarantine(bounded(t), Quarantined{Source: "queue"}), errStopped)
	require.Error(t, fence.Append(bounded(t), events(j, 0, 0, 1, 10)))
	require.Error(t, fence.Append(bounded(t), events(j, 0, 0, 2, 10)))
	require.Error(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, 10), Sink: "hook"}))
}

// TestCloseAnswersEverybody closes while callers wait and expects an answer for each, and everything that was confirmed to be
// there after the next start.
func TestCloseAnswersEverybody(t *testing.T) {
	s := newSetup(t)
	j := s.open(t)
	release := hold(j)
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for c := range errs {
		wg.Go(func() { errs[c] = j.AppendRaw(bounded(t), raws(j, 0, c*10, 10, 10)) })
	}
	closed := make(chan error)
	go func() { closed <- j.Close() }()
	release()
	wg.Wait()
	require.NoError(t, <-closed)

	have := map[int]int{}
	for _, n := range numbers(t, stored(t, s.again().open(t), PlaceRaw)) {
		have[n/10]++
	}
	for c, err := range errs {
		for i, err := range pipeline.FailedAt(err, 10) {
			require.True(t, err != nil || have[c] == 10, "call %d message %d was confirmed: %d of 10 are stored", c, i, have[c])
		}
		require.LessOrEqual(t, have[c], 10, "call %d is stored twice", c)
	}
}

// TestOpenBatchesOfOthers has as many batches open as a server allows in a stream, as other processes may, and expects appends
// to find another way.
func TestOpenBatchesOfOthers(t *testing.T) {
	const allowed = 50
	j := open(t, remote(t))
	fence := fence(t, j, 0)
	for i := range allowed {
		for _, subject := range []string{j.names.rawSubject(0), j.names.eventSubject(0, "open")} {
			require.NoError(t, j.nc.PublishMsg(&nats.Msg{Subject: subject, Header: nats.Header{
				"Nats-Batch-Id": {strconv.Itoa(i)}, "Nats-Batch-Sequence": {"1"},
			}}))
		}
	}
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 20, 10)))
	require.Equal(t, count(0, 20), numbers(t, stored(t, j, PlaceRaw)))

	msgs := events(j, 0, 0, 2, 10)
	require.ErrorIs(t, fence.Append(bounded(t), msgs), ErrRefused, "two events cannot go as a batch")
	require.Empty(t, stored(t, j, PlaceEvents))
	require.NoError(t, fence.Append(bounded(t), msgs[:1]))
	require.NoError(t, fence.Append(bounded(t), msgs[1:]))
	require.Equal(t, []int{0, 1}, numbers(t, stored(t, j, PlaceEvents)))
}
