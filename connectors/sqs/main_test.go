package sqs_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/sqs"
	"carillon/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	region = "us-east-1"
	keyID  = "AKIDLOCAL"
	secret = "hunter2"
	// No test waits longer for what has to happen.
	patience = 20 * time.Second
)

// place is an endpoint that speaks SQS and SNS, with the clients of the SDK.
type place struct {
	endpoint string
	sqs      *awssqs.Client
	sns      *sns.Client
	close    func()
}

func newPlace(t *testing.T, endpoint string) *place {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := aws.Config{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""),
		BaseEndpoint: &endpoint, HTTPClient: &http.Client{Transport: transport},
	}
	return &place{
		endpoint: endpoint, sqs: awssqs.NewFromConfig(cfg), sns: sns.NewFromConfig(cfg), close: transport.CloseIdleConnections,
	}
}

// queue makes an empty queue of its own for the test and returns its URL.
func (p *place) queue(t *testing.T, visibility int) string {
	t.Helper()
	name := strings.NewReplacer("/", "-", " ", "-").Replace(t.Name())
	name = name[max(0, len(name)-50):] + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	out, err := p.sqs.CreateQueue(t.Context(), &awssqs.CreateQueueInput{
		QueueName: aws.String(name), Attributes: map[string]string{"VisibilityTimeout": strconv.Itoa(visibility)},
	})
	require.NoError(t, err)
	return *out.QueueUrl
}

// fifo makes a FIFO queue that tells repeats by content.
func (p *place) fifo(t *testing.T) string {
	t.Helper()
	name := "fifo-" + strconv.FormatInt(time.Now().UnixNano(), 36) + ".fifo"
	out, err := p.sqs.CreateQueue(t.Context(), &awssqs.CreateQueueInput{
		QueueName: aws.String(name), Attributes: map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"},
	})
	require.NoError(t, err)
	return *out.QueueUrl
}

// sendGroup sends to a FIFO queue, all in one group.
func (p *place) sendGroup(t *testing.T, url string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		_, err := p.sqs.SendMessage(t.Context(), &awssqs.SendMessageInput{
			QueueUrl: &url, MessageBody: &body, MessageGroupId: aws.String("meeting"),
		})
		require.NoError(t, err)
	}
}

// messageOf returns the id of the message that a receipt handle of awslocal is for.
func messageOf(t *testing.T, handle string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(handle)
	require.NoError(t, err)
	parts := strings.Split(string(raw), "/")
	require.Len(t, parts, 3)
	return parts[1]
}

func (p *place) send(t *testing.T, url string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		_, err := p.sqs.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &url, MessageBody: &body})
		require.NoError(t, err)
	}
}

// attributes returns what the queue says about itself.
func (p *place) attributes(t *testing.T, url string) map[string]string {
	t.Helper()
	out, err := p.sqs.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	require.NoError(t, err)
	return out.Attributes
}

// untilHolds waits until a queue holds n messages, visible or in flight.
func (p *place) untilHolds(t *testing.T, url string, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		a := p.attributes(t, url)
		visible, err := strconv.Atoi(a["ApproximateNumberOfMessages"])
		require.NoError(t, err)
		inFlight, err := strconv.Atoi(a["ApproximateNumberOfMessagesNotVisible"])
		require.NoError(t, err)
		return visible+inFlight == n
	}, patience, 10*time.Millisecond, "the queue does not come to hold %d messages", n)
}

// bell is a source that runs.
type bell struct {
	registry *prometheus.Registry
	cancel   context.CancelFunc
	done     chan error
	stopped  atomic.Bool
}

// build makes a source of a queue; change may alter its configuration.
func (p *place) build(t *testing.T, url string, change func(*sqs.Config)) (pipeline.Source, *prometheus.Registry) {
	t.Helper()
	return p.buildAt(t, url, time.Now, change)
}

// buildAt makes a source with a clock of its own.
func (p *place) buildAt(
	t *testing.T, url string, clock func() time.Time, change func(*sqs.Config),
) (pipeline.Source, *prometheus.Registry) {
	t.Helper()
	factory := sqs.Factory()
	require.Equal(t, "sqs", factory.Type)
	cfg, ok := factory.Config().(*sqs.Config)
	require.True(t, ok)
	cfg.QueueURL, cfg.Region, cfg.Endpoint = url, region, p.endpoint
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret(keyID), pipeline.NewSecret(secret)
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	registry := prometheus.NewRegistry()
	src, err := factory.New(cfg, pipeline.Settings{
		ID: "queue", Logger: slog.New(slog.DiscardHandler), Registerer: registry, Clock: clock,
	})
	require.NoError(t, err)
	return src, registry
}

// run starts a source on a queue; it is stopped with the test.
func (p *place) run(t *testing.T, url string, out pipeline.Emitter, change func(*sqs.Config)) *bell {
	t.Helper()
	src, registry := p.build(t, url, change)
	return p.start(t, src, registry, out)
}

// start runs a source that was built; it is stopped with the test.
func (p *place) start(t *testing.T, src pipeline.Source, registry *prometheus.Registry, out pipeline.Emitter) *bell {
	t.Helper()
	starter, ok := src.(pipeline.Starter)
	require.True(t, ok)
	require.NoError(t, starter.Start(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	b := &bell{registry: registry, cancel: cancel, done: make(chan error, 1)}
	go func() { b.done <- src.Run(ctx, out) }()
	t.Cleanup(func() { b.stop(t) })
	return b
}

// stop cancels the source and waits for its Run.
func (b *bell) stop(t *testing.T) {
	t.Helper()
	b.cancel()
	if b.stopped.Swap(true) {
		return
	}
	select {
	case err := <-b.done:
		require.NoError(t, err)
	case <-time.After(patience):
		require.FailNow(t, "Run did not return")
	}
}

// metric returns the value of a counter or gauge, or the count of a histogram; outcome is empty without a label.
func (b *bell) metric(t *testing.T, name, outcome string) float64 {
	t.Helper()
	families, err := b.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() != "carillon_sqs_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			if outcome == "" || m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	require.FailNow(t, "no metric "+name+" "+outcome)
	return 0
}

// untilMetric waits until a metric is at least n.
func (b *bell) untilMetric(t *testing.T, n float64, name, outcome string) {
	t.Helper()
	require.Eventually(t, func() bool { return b.metric(t, name, outcome) >= n }, patience, 5*time.Millisecond,
		"%s %s does not reach %v", name, outcome, n)
}

// soon bounds how long a test waits for something that has to happen.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`{"n":%d}`, i)
	}
	return out
}

func bodiesOf(ns []pipeline.Notification) []string {
	out := make([]string, len(ns))
	for i, n := range ns {
		out[i] = string(n.Body)
	}
	return out
}
