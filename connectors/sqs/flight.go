package sqs

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/semaphore"
)

// maxFlightBytes is how many bytes of bodies may wait for the emitter, beside the batch that each poller holds.
const maxFlightBytes = 32 << 20

// flight bounds what was received and is not handed on to the remover yet. Polls go on meanwhile, so that many batches share
// a commit of the journal. It is safe for concurrent use.
type flight struct {
	slots  *semaphore.Weighted
	bytes  *semaphore.Weighted
	stores sync.WaitGroup
}

func newFlight(messages int) *flight {
	return &flight{slots: semaphore.NewWeighted(int64(messages)), bytes: semaphore.NewWeighted(maxFlightBytes)}
}

// reserve makes room for n messages before they are asked for. false: ctx ended first.
func (f *flight) reserve(ctx context.Context, n int) bool {
	return f.slots.Acquire(ctx, int64(n)) == nil
}

// free gives room for n messages back.
func (f *flight) free(n int) { f.slots.Release(int64(n)) }

// launch stores messages, for which there is room, beside the caller. It waits for room for their bytes; without any until
// work ends, store is called at once, and finds that it is too late.
func (f *flight) launch(work context.Context, messages []types.Message, store func()) {
	size := weigh(messages)
	if f.bytes.Acquire(work, size) != nil {
		size = 0
	}
	f.stores.Go(func() {
		defer f.free(len(messages))
		defer f.bytes.Release(size)
		store()
	})
}

// wait returns when everything launched has ended. No launch may follow.
func (f *flight) wait() { f.stores.Wait() }

// weigh returns the bytes of all bodies, at most what there is room for at all.
func weigh(messages []types.Message) int64 {
	size := 0
	for i := range messages {
		size += len(text(messages[i].Body))
	}
	return int64(min(size, maxFlightBytes))
}
