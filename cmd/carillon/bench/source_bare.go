package bench

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

// longPoll is the wait of both sides in seconds.
const longPoll = 20

// drainBare receives and deletes n messages with as many pollers as the source may have, the same SDK, the same long polls and
// batches, and looks at nothing: what a consumer of this emulator can reach that keeps nothing.
func (q *queues) drainBare(ctx context.Context, url string, n int) (cost, error) {
	begin, err := readInstant()
	if err != nil {
		return cost{}, err
	}
	polls, enough := context.WithCancel(ctx)
	defer enough()
	var left atomic.Int64
	left.Store(int64(n))
	var g errgroup.Group
	for range q.pollers {
		g.Go(func() error {
			for polls.Err() == nil {
				deleted, err := q.receiveAndDelete(polls, ctx, url)
				if left.Add(int64(-deleted)) <= 0 {
					enough() // of the polls that still wait
				}
				if err != nil && polls.Err() == nil {
					enough()
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return cost{}, err
	}
	if err := ctx.Err(); err != nil {
		return cost{}, err
	}
	return since(begin, n)
}

var errUndeleted = errors.New("messages of a batch were not deleted")

// receiveAndDelete makes one poll, deletes what it brought, and returns how many messages that were.
func (q *queues) receiveAndDelete(polls, ctx context.Context, url string) (int, error) {
	out, err := q.api.ReceiveMessage(polls, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: sourceBatch, WaitTimeSeconds: longPoll,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameMessageGroupId,
		},
		MessageAttributeNames: []string{"All"},
	})
	if err != nil || len(out.Messages) == 0 {
		return 0, err
	}
	entries := make([]types.DeleteMessageBatchRequestEntry, len(out.Messages))
	for i := range out.Messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: out.Messages[i].ReceiptHandle}
	}
	gone, err := q.api.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
	if err == nil && len(gone.Successful) < len(entries) {
		err = errUndeleted
	}
	return len(out.Messages), err
}
