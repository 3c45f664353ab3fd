package awslocal_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/awslocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// local is one server with the real clients of the SDK on it.
type local struct {
	*awslocal.Server

	sqs    *sqs.Client
	sns    *sns.Client
	events *eventbridge.Client
}

func start(t *testing.T, opts awslocal.Options) *local {
	t.Helper()
	srv, err := awslocal.Start(opts)
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		transport.CloseIdleConnections()
		require.NoError(t, srv.Close(ctx))
		require.NoError(t, srv.Close(ctx), "closing twice")
	})
	cfg := aws.Config{
		Region: srv.Region(), Credentials: credentials.NewStaticCredentialsProvider("AKIDLOCAL", "local", ""),
		BaseEndpoint: aws.String(srv.Endpoint()), HTTPClient: &http.Client{Transport: transport},
		RetryMaxAttempts: 1,
	}
	return &local{
		Server: srv, sqs: sqs.NewFromConfig(cfg), sns: sns.NewFromConfig(cfg), events: eventbridge.NewFromConfig(cfg),
	}
}

// queue creates a queue and returns its URL.
func (l *local) queue(t *testing.T, name string, attributes map[string]string) *string {
	t.Helper()
	out, err := l.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	require.NoError(t, err)
	return out.QueueUrl
}

func (l *local) send(t *testing.T, url *string, body string) {
	t.Helper()
	_, err := l.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: &body})
	require.NoError(t, err)
}

// receive asks for up to 10 messages with everything that is known of them.
func (l *local) receive(t *testing.T, url *string, wait int32) []types.Message {
	t.Helper()
	out, err := l.sqs.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: wait, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	require.NoError(t, err)
	return out.Messages
}

func bodies(messages []types.Message) []string {
	out := make([]string, len(messages))
	for i, m := range messages {
		out[i] = *m.Body
	}
	return out
}

// within returns a context that bounds how long a test waits for something that must happen.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// take receives from c or fails the test.
func take[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-within(t).Done():
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}
