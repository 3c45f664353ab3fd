package awslocal_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

func sendEntries(bodies ...string) []types.SendMessageBatchRequestEntry {
	out := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i, body := range bodies {
		out[i] = types.SendMessageBatchRequestEntry{Id: aws.String("m" + strconv.Itoa(i)), MessageBody: aws.String(body)}
	}
	return out
}

func TestBatchFailsByEntry(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	sent, err := l.sqs.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{
		QueueUrl: url, Entries: sendEntries("a", "bad\x01", "c"),
	})
	require.NoError(t, err)
	require.Len(t, sent.Successful, 2)
	require.Equal(t, "m1", *sent.Failed[0].Id)
	require.Equal(t, "InvalidMessageContents", *sent.Failed[0].Code)
	require.True(t, sent.Failed[0].SenderFault)

	got := l.receive(t, url, 0)
	require.Equal(t, []string{"a", "c"}, bodies(got))
	l.SetFaults(awslocal.Faults{Entry: func(op, handle string) *awslocal.APIError {
		if op == "sqs:DeleteMessageBatch" && handle == *got[0].ReceiptHandle {
			return &awslocal.APIError{Status: 500, Code: "InternalError", Message: "not now"}
		}
		return nil
	}})
	deleted, err := l.sqs.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{
		QueueUrl: url, Entries: []types.DeleteMessageBatchRequestEntry{
			{Id: aws.String("0"), ReceiptHandle: got[0].ReceiptHandle},
			{Id: aws.String("1"), ReceiptHandle: got[1].ReceiptHandle},
			{Id: aws.String("2"), ReceiptHandle: aws.String("unknown")},
		},
	})
	require.NoError(t, err)
	require.Len(t, deleted.Successful, 1)
	require.Equal(t, "1", *deleted.Successful[0].Id)
	require.Len(t, deleted.Failed, 2)
	require.Equal(t, "InternalError", *deleted.Failed[0].Code)
	require.False(t, deleted.Failed[0].SenderFault)
	require.Equal(t, "ReceiptHandleIsInvalid", *deleted.Failed[1].Code)

	hidden, err := l.sqs.ChangeMessageVisibilityBatch(t.Context(), &sqs.ChangeMessageVisibilityBatchInput{
		QueueUrl: url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("0"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 0},
			{Id: aws.String("1"), ReceiptHandle: got[1].ReceiptHandle, VisibilityTimeout: 60},
		},
	})
	require.NoError(t, err)
	require.Len(t, hidden.Successful, 1)
	require.Equal(t, "InvalidParameterValue", *hidden.Failed[0].Code, "deleted already")
	require.Equal(t, []string{"a"}, bodies(l.receive(t, url, 0)), "made visible at once")
}

func TestBatchIsRefusedAsAWhole(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	send := func(entries []types.SendMessageBatchRequestEntry) error {
		_, err := l.sqs.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: url, Entries: entries})
		return err
	}
	var empty *types.EmptyBatchRequest
	require.ErrorAs(t, send([]types.SendMessageBatchRequestEntry{}), &empty)
	var tooMany *types.TooManyEntriesInBatchRequest
	require.ErrorAs(t, send(sendEntries(strings.Split("abcdefghijk", "")...)), &tooMany)
	var tooLong *types.BatchRequestTooLong
	half := strings.Repeat("x", 1<<19+1)
	require.ErrorAs(t, send(sendEntries(half, half)), &tooLong)
	var badID *types.InvalidBatchEntryId
	entries := sendEntries("a", "b")
	entries[0].Id = aws.String("no good")
	require.ErrorAs(t, send(entries), &badID)
	var twice *types.BatchEntryIdsNotDistinct
	entries[0].Id = entries[1].Id
	require.ErrorAs(t, send(entries), &twice)
	require.Empty(t, l.receive(t, url, 0))
}

func TestFaultsAreServedAsTold(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "chime", nil)
	l.send(t, url, "x")
	l.SetFaults(awslocal.Faults{
		Call: func(_ context.Context, op string) error {
			if op == "sqs:DeleteMessage" {
				return &awslocal.APIError{Status: 400, Code: "RequestThrottled", Message: "slow down"}
			}
			return nil
		},
		BodyMD5: func(string) string { return "00000000000000000000000000000000" },
	})
	_, err := l.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url})
	require.ErrorContains(t, err, "checksum validation failed")
	_, err = l.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("h")})
	var throttled *types.RequestThrottled
	require.ErrorAs(t, err, &throttled)
}
