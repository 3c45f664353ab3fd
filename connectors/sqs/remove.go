package sqs

import (
	"context"
	"slices"
	"strconv"
	"sync"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// SQS deletes at most 10 messages in one call.
	deleteBatch = 10
	// A message that could not be deleted so often is left to come again; its pauses add up to about half a minute.
	deleteTries = 8
)

// remover deletes what is stored, in batches, beside the polls. As many batches wait as may be in hand before they are stored,
// or as there may be pollers; then storing waits too.
type remover struct {
	*source

	queue   chan []string
	workers sync.WaitGroup
}

// startRemover starts one worker for each poller there may be, but only one for a FIFO queue, so that its messages are
// deleted in the order in which they came. They end when the queue is closed and empty; when work ends they give up what is
// left.
func startRemover(work context.Context, s *source) *remover {
	r := &remover{source: s, queue: make(chan []string, max(s.cfg.MaxPollers, s.cfg.MaxInHand/s.cfg.Batch))}
	workers := s.cfg.MaxPollers
	if isFIFO(s.queueURL) {
		workers = 1
	}
	for range workers {
		r.workers.Go(func() {
			for ids := r.next(); len(ids) > 0; ids = r.next() {
				for batch := range slices.Chunk(ids, deleteBatch) {
					r.removeBatch(work, batch)
				}
			}
		})
	}
	return r
}

// remove hands messages over for deletion and waits for room. When there is none until work ends they are left in the queue.
func (r *remover) remove(work context.Context, ids []string) {
	if len(ids) == 0 {
		return
	}
	select {
	case r.queue <- ids:
	case <-work.Done():
		r.abandon(ids)
	}
}

// close waits until everything handed over is dealt with. No remove may follow.
func (r *remover) close() {
	close(r.queue)
	r.workers.Wait()
}

// next waits for messages and takes what else is there until they fill a call. Empty: the queue is closed.
func (r *remover) next() []string {
	ids := <-r.queue
	for len(ids) > 0 && len(ids) < deleteBatch {
		select {
		case more, ok := <-r.queue:
			if !ok {
				return ids
			}
			ids = append(ids, more...)
		default:
			return ids
		}
	}
	return ids
}

// removeBatch deletes messages, again and again those that failed, each time with their newest handle.
func (r *remover) removeBatch(work context.Context, ids []string) {
	pauses := newPauses()
	for try := 1; ; try++ {
		ids = r.try(work, ids)
		if len(ids) == 0 {
			return
		}
		if try == deleteTries || !sleep(work, pauses.next(0)) {
			r.abandon(ids)
			return
		}
		r.metrics.deletion(retried, len(ids))
	}
}

// try makes one call and returns what has to be tried again.
func (r *remover) try(work context.Context, ids []string) []string {
	batch := r.hand.handles(ids)
	if len(batch) == 0 {
		return nil
	}
	entries := make([]types.DeleteMessageBatchRequestEntry, len(batch))
	for i := range batch {
		id := strconv.Itoa(i)
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: &id, ReceiptHandle: &batch[i].handle}
	}
	out, err := r.clients.settle.DeleteMessageBatch(work, &awssqs.DeleteMessageBatchInput{
		QueueUrl: &r.queueURL, Entries: entries,
	})
	if err != nil {
		r.settleFailed(work, err)
		return ids
	}
	r.settles.ok()
	return r.read(batch, out)
}

// read sorts the answer to a batch. An entry that the answer does not mention is tried again.
func (r *remover) read(batch []held, out *awssqs.DeleteMessageBatchOutput) []string {
	ended := make(map[string]outcome, len(batch))
	for i := range out.Successful {
		ended[text(out.Successful[i].Id)] = deleted
	}
	for i := range out.Failed {
		if isGone(text(out.Failed[i].Code)) {
			ended[text(out.Failed[i].Id)] = gone
		}
	}
	var again []string
	for i, m := range batch {
		how, ok := ended[strconv.Itoa(i)]
		// A message that was received again meanwhile has a newer handle: deleting by the older one may have had no effect.
		if !ok || !r.hand.settled(m) {
			again = append(again, m.id)
			continue
		}
		r.metrics.deletion(how, 1)
	}
	return again
}

// abandon leaves messages in the queue although they are stored: they come again and end as witnesses.
func (r *remover) abandon(ids []string) {
	r.metrics.deletion(abandoned, len(ids))
	r.hand.drop(ids...)
}

// settleFailed notes the failure of a call other than a poll.
func (s *source) settleFailed(work context.Context, err error) {
	if work.Err() != nil {
		return
	}
	s.settles.failed(err)
	if reasonOf(err) == denied {
		s.clients.identity.renew()
	}
}
