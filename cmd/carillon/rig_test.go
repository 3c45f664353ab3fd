package main_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/pipeline/simulate"
)

// holdWindow is the window of order in these tests: short, so that many holds end in each of them.
const holdWindow = 400 * time.Millisecond

var logLevel = flag.String("log-level", "warn", "log level of the routers that tests start")

// rig is an AWS and a sink that outlive the routers between them.
type rig struct {
	aws      *awslocal.Server
	queue    string
	topic    string
	queues   *sqs.Client
	receiver *receiver
	env      []string
	dir      string // of the embedded journal
	shared   bool   // the journal is not embedded
	nats     string // host:port at which clients of NATS reach the journal
	js       jetstream.JetStream
	nodes    []*node
}

// node is one router: its place and its present life.
type node struct {
	http  string
	admin string
	file  string
	*process
}

// rigOptions say how a rig differs from the usual one.
type rigOptions struct {
	// nats is the section nats: as one line of YAML. Empty: an embedded journal that listens for clients.
	nats string
	// addr is host:port of the journal when nats is set.
	addr string
	// nodes is how many routers there are; 0 means 1.
	nodes int
	// maxBytes is stream.max_bytes; empty means 512MiB.
	maxBytes string
	// drain is shutdown.drain; 0 means 1s.
	drain time.Duration
	// retry is the pause of SNS before it delivers again; 0 means 200ms.
	retry time.Duration
	// sink is more keys of the sink, in the flow style of YAML.
	sink string
	// sinks is more sinks, indented by two.
	sinks string
}

func newRig(t *testing.T, receiver *receiver, o rigOptions) *rig {
	t.Helper()
	srv, err := awslocal.Start(awslocal.Options{Workers: 64, Redelivery: awslocal.Redelivery{Retries: 100, Delay: cmp.Or(o.retry, 200*time.Millisecond)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close(context.Background())) })
	r := &rig{aws: srv, receiver: receiver, env: trust(t, srv), dir: t.TempDir(), nats: o.addr, shared: o.nats != ""}
	if o.nats == "" {
		r.nats = freeAddr(t)
		o.nats = fmt.Sprintf("{embedded: {dir: %q, listen: %q}}", r.dir, r.nats)
	}
	sink := httptest.NewServer(receiver)
	t.Cleanup(sink.Close)
	r.queue, err = srv.CreateQueue("chime")
	require.NoError(t, err)
	r.topic, err = srv.CreateTopic("chime")
	require.NoError(t, err)
	r.queues = sqs.New(sqs.Options{
		BaseEndpoint: aws.String(srv.Endpoint()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	for range cmp.Or(o.nodes, 1) {
		r.nodes = append(r.nodes, r.node(t, o, sink.URL))
	}
	return r
}

func (r *rig) node(t *testing.T, o rigOptions, sink string) *node {
	t.Helper()
	n := &node{http: freeAddr(t), admin: freeAddr(t)}
	n.file = write(t, "carillon.yaml", `
nats: %s
stream: {max_bytes: %s}
http: {listen: %q}
admin: {listen: %q}
order: {mode: time, window: %s}
log: {level: %s}
shutdown: {drain: %s}
sources:
  sqs: {type: sqs, queue_url: %q, region: us-east-1, endpoint: %q, access_key_id: k, secret_access_key: s, visibility: 2s}
  sns: {type: sns, topic_arns: [%q], endpoint: %q, access_key_id: k, secret_access_key: s}
  eventbridge: {type: eventbridge, auth: {api_key: {header: x-api-key, value: k}}}
sinks:
  out: {type: webhook, url: %q, start: earliest, max_in_flight: 512, retry: {initial: 20ms, max: 500ms}%s}
%s
`, o.nats, cmp.Or(o.maxBytes, "512MiB"), n.http, n.admin, holdWindow, *logLevel, cmp.Or(o.drain, time.Second), r.queue, r.aws.Endpoint(), r.topic, r.aws.Endpoint(), sink, o.sink, o.sinks)
	return n
}

// launch gives a node a new life.
func (r *rig) launch(t *testing.T, n *node) {
	t.Helper()
	n.process = launch(t, n.file, n.admin, r.env)
}

// connect points rule and topic at host:port; the subscription is confirmed by the running router.
func (r *rig) connect(t *testing.T, addr string) {
	t.Helper()
	require.NoError(t, r.aws.PutRule(awslocal.Rule{Name: "chime", Sources: []string{"aws.chime"}, Destination: &awslocal.Destination{
		URL: "http://" + addr + "/eventbridge", KeyHeader: "x-api-key", Key: "k", Rate: 10_000, Initial: 100 * time.Millisecond, Max: 500 * time.Millisecond,
	}}))
	client := sns.New(sns.Options{
		BaseEndpoint: aws.String(r.aws.Endpoint()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	_, err := client.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: aws.String(r.topic), Protocol: aws.String("http"), Endpoint: aws.String("http://" + addr + "/sns"),
	})
	require.NoError(t, err)
}

// confirmed waits until the router has confirmed the subscription: what is published before goes nowhere.
func (r *rig) confirmed(t *testing.T, p *process) {
	t.Helper()
	p.await(t, soon, "subscription confirmed", func() bool { return r.aws.Stats().SNS.Delivered == 1 && r.aws.Stats().Backlog == 0 })
}

// jetStream connects to the journal, once, and stays connected over its restarts.
func (r *rig) jetStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	if r.js == nil {
		nc, err := nats.Connect("nats://"+r.nats, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ReconnectJitter(0, 0))
		require.NoError(t, err)
		t.Cleanup(nc.Close)
		r.js, err = jetstream.New(nc)
		require.NoError(t, err)
	}
	return r.js
}

func (r *rig) send(d simulate.Delivery) error {
	switch d.Path {
	case simulate.PathSQS:
		return r.aws.Send(r.queue, string(d.Body))
	case simulate.PathSNS:
		return r.aws.Notify(r.topic, string(d.Body))
	case simulate.PathEventBridge:
		if d.Rubbish == simulate.RubbishUnreadable {
			return r.aws.Send(r.queue, string(d.Body)) // The bus would not take it.
		}
		return r.aws.Inject(d.Body)
	}
	return fmt.Errorf("path %q", d.Path)
}

// queued returns how many messages the queue holds, those in hand included.
func (r *rig) queued(ctx context.Context) (n int, err error) {
	visible, hidden := types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	out, err := r.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: aws.String(r.queue), AttributeNames: []types.QueueAttributeName{visible, hidden},
	})
	if err != nil {
		return 0, err
	}
	for _, name := range []types.QueueAttributeName{visible, hidden} {
		var part int
		if _, err := fmt.Sscanf(out.Attributes[string(name)], "%d", &part); err != nil {
			return 0, err
		}
		n += part
	}
	return n, nil
}

// settled reports whether nothing is under way any more. It asks in the order in which events travel: what has left one place
// is in the next one.
func (r *rig) settled(ctx context.Context, js jetstream.JetStream) bool {
	if n, err := r.queued(ctx); err != nil || n > 0 || r.aws.Stats().Backlog > 0 {
		return false
	}
	for _, stream := range []string{"CHIME_RAW", "CHIME_EVENTS"} {
		s, err := js.Stream(ctx, stream)
		if err != nil {
			return false
		}
		var left uint64
		list := s.ListConsumers(ctx)
		for info := range list.Info() { // To its end: a list that is left waits for its reader for ever.
			left += info.NumPending + uint64(info.NumAckPending)
		}
		if list.Err() != nil || left > 0 {
			return false
		}
	}
	return r.receiver.flying() == 0
}

// settle waits until nothing is under way any more.
func (r *rig) settle(t *testing.T, p *process) {
	t.Helper()
	js := r.jetStream(t)
	// On a busy machine some dozens of answers take longer than a second or two: that does not mean that something is left.
	p.await(t, 4*time.Minute, "everything delivered", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return r.settled(ctx, js)
	})
}
