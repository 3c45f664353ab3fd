package sqs

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// renew extends the visibility of what is in hand, looking four times in a timeout, until work ends. A queue without a
// timeout has nothing to extend.
func (s *source) renew(work context.Context) {
	if s.visibility == 0 {
		return
	}
	ticker := time.NewTicker(s.visibility / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-work.Done():
			return
		}
		s.extendAll(work, s.hand.due(s.set.Clock(), s.visibility))
	}
}

// extendAll extends messages in batches, some side by side: all of them have the same time left.
func (s *source) extendAll(work context.Context, due []held) {
	var calls sync.WaitGroup
	defer calls.Wait()
	turns := make(chan struct{}, extendConnections)
	for batch := range slices.Chunk(due, maxBatch) {
		turns <- struct{}{}
		calls.Go(func() {
			s.extend(work, batch)
			<-turns
		})
	}
}

// extend extends at most 10 messages. What fails for a passing reason is due again at the next look.
func (s *source) extend(work context.Context, batch []held) {
	now := s.set.Clock()
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(batch))
	for i := range batch {
		id := strconv.Itoa(i)
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{
			Id: &id, ReceiptHandle: &batch[i].handle, VisibilityTimeout: seconds(s.visibility),
		}
	}
	out, err := s.clients.settle.ChangeMessageVisibilityBatch(work, &awssqs.ChangeMessageVisibilityBatchInput{
		QueueUrl: &s.queueURL, Entries: entries,
	})
	if err != nil {
		s.settleFailed(work, err)
		s.metrics.extension(failed, len(batch))
		return
	}
	s.settles.ok()
	for i := range out.Successful {
		if m, ok := entryOf(batch, text(out.Successful[i].Id)); ok {
			s.hand.renewed(m, now)
			s.metrics.extension(extended, 1)
		}
	}
	for i := range out.Failed {
		s.notExtended(batch, &out.Failed[i])
	}
}

func (s *source) notExtended(batch []held, e *types.BatchResultErrorEntry) {
	m, ok := entryOf(batch, text(e.Id))
	if !ok {
		return
	}
	if !isGone(text(e.Code)) {
		s.metrics.extension(failed, 1)
		return
	}
	s.hand.lose(m)
	s.metrics.extension(gone, 1)
}

// entryOf returns the message that the id of an entry means.
func entryOf(batch []held, id string) (held, bool) {
	i, err := strconv.Atoi(id)
	if err != nil || i < 0 || i >= len(batch) {
		return held{}, false
	}
	return batch[i], true
}
