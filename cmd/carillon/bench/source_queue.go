package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"carillon/connectors/awslocal"
	carillonsqs "carillon/connectors/sqs"
)

const (
	benchRegion = "us-east-1"
	// An emulator looks at no signature, so these need not be anybody's.
	benchKey, benchSecret = "AKIDBENCH", "bench"
	// hidden is how long a message stays hidden after it was received: longer than any slice takes.
	hidden = "600"
	// senders is how many calls fill a queue at once.
	senders = 4
	// closeLimit bounds the end of the emulator in this process.
	closeLimit = 10 * time.Second
)

// queues is an emulator of SQS.
type queues struct {
	// name is for people, endpoint for clients.
	name, endpoint string
	pollers        int
	api            *sqs.Client
	transport      *http.Transport
	local          *awslocal.Server // nil: it was there before
	made           int
}

// openQueues reaches the emulator of the options, or starts one in this process.
func openQueues(o Options) (*queues, error) {
	q := &queues{name: o.Endpoint, endpoint: o.Endpoint, pollers: o.Pollers}
	if o.Endpoint == "" {
		local, err := awslocal.Start(awslocal.Options{Region: benchRegion})
		if err != nil {
			return nil, fmt.Errorf("starting an emulator: %w", err)
		}
		q.name, q.endpoint, q.local = "awslocal in this process", local.Endpoint(), local
	}
	q.transport = awshttp.NewBuildableClient().GetTransport()
	q.transport.MaxIdleConnsPerHost = max(senders, o.Pollers)
	q.api = sqs.New(sqs.Options{
		Region: benchRegion, BaseEndpoint: aws.String(q.endpoint), HTTPClient: &http.Client{Transport: carillonsqs.WholeBodies(q.transport)},
		Credentials: credentials.NewStaticCredentialsProvider(benchKey, benchSecret, ""),
	})
	return q, nil
}

func (q *queues) close(ctx context.Context) {
	q.transport.CloseIdleConnections()
	if q.local != nil {
		ctx, cancel := context.WithTimeout(ctx, closeLimit)
		defer cancel()
		_ = q.local.Close(ctx) // Everything was measured: there is nothing to lose.
	}
}

// filled makes a queue that holds bodies and returns its URL.
func (q *queues) filled(ctx context.Context, bodies []string) (string, error) {
	q.made++
	name := "carillon-bench-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-" + strconv.Itoa(q.made)
	out, err := q.api.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName: &name, Attributes: map[string]string{"VisibilityTimeout": hidden},
	})
	if err != nil {
		return "", fmt.Errorf("making a queue: %w", err)
	}
	url := aws.ToString(out.QueueUrl)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(senders)
	for first := 0; first < len(bodies); first += sourceBatch {
		g.Go(func() error { return q.send(ctx, url, bodies[first:min(len(bodies), first+sourceBatch)]) })
	}
	if err := g.Wait(); err != nil {
		return "", fmt.Errorf("filling a queue: %w", err)
	}
	return url, nil
}

var errUnsent = errors.New("messages of a batch were not sent")

func (q *queues) send(ctx context.Context, url string, bodies []string) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i := range bodies {
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &bodies[i]}
	}
	out, err := q.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	if err == nil && len(out.Failed) > 0 {
		err = errUnsent
	}
	return err
}

func (q *queues) remove(ctx context.Context, url string) error {
	if _, err := q.api.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
		return fmt.Errorf("deleting a queue: %w", err)
	}
	return nil
}

// holds returns how many messages are in a queue, visible or in flight.
func (q *queues) holds(ctx context.Context, url string) (n int, err error) {
	states := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
	}
	out, err := q.api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: states})
	if err != nil {
		return 0, fmt.Errorf("looking at a queue: %w", err)
	}
	for _, state := range states {
		part, err := strconv.Atoi(out.Attributes[string(state)])
		if err != nil {
			return 0, fmt.Errorf("looking at a queue: %w", err)
		}
		n += part
	}
	return n, nil
}
