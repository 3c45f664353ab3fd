package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"carillon/connectors/awslocal"
	"carillon/pipeline/simulate"
)

const (
	queueName = "chime-events"
	topicName = "chime-events"
	apiKey    = "demo"
	keyHeader = "x-api-key"
	busPath   = "/eventbridge"
	topicPath = "/sns"
)

// cloud is the small AWS of the demo: a queue and a topic that Chime writes to, and a rule on the default bus.
type cloud struct {
	aws   *awslocal.Server
	queue string
	topic string
	bus   string // URL of the router's receiver
	http  *http.Client
}

func startCloud(ctx context.Context) (*cloud, error) {
	srv, err := awslocal.Start(awslocal.Options{Workers: 64}) //nolint:contextcheck // it lives until close
	if err != nil {
		return nil, fmt.Errorf("starting a small AWS: %w", err)
	}
	c := &cloud{aws: srv, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}}
	if c.queue, err = srv.CreateQueue(queueName); err == nil { //nolint:contextcheck // in memory
		c.topic, err = srv.CreateTopic(topicName)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("preparing a small AWS: %w", err), srv.Close(context.WithoutCancel(ctx)))
	}
	return c, nil
}

func (c *cloud) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := c.aws.Close(ctx); err != nil {
		return fmt.Errorf("stopping the small AWS: %w", err)
	}
	return nil
}

// configuration returns what a user would write for this AWS.
func (c *cloud) configuration(dir string) []byte {
	return fmt.Appendf(nil, `
nats: {embedded: {dir: %q}}
stream: {max_bytes: 256MiB}
http: {listen: "127.0.0.1:0"}
admin: {listen: "127.0.0.1:0"}
order: {mode: time, window: %s}
sources:
  sqs: {type: sqs, queue_url: %q, region: %s, endpoint: %q, access_key_id: demo, secret_access_key: demo}
  sns: {type: sns, path: %s, topic_arns: [%q], endpoint: %q, access_key_id: demo, secret_access_key: demo}
  eventbridge: {type: eventbridge, path: %s, auth: {api_key: {header: %s, value: %s}}}
sinks:
  out: {type: stdout, start: earliest}
`, dir, window, c.queue, c.aws.Region(), c.aws.Endpoint(), topicPath, c.topic, c.aws.Endpoint(), busPath, keyHeader, apiKey)
}

// connect points topic and bus at the router and waits until the router has confirmed the subscription.
func (c *cloud) connect(ctx context.Context, addr string) error {
	c.bus = "http://" + addr + busPath
	err := c.aws.PutRule(awslocal.Rule{
		Name: "chime", Sources: []string{"aws.chime"},
		Destination: &awslocal.Destination{URL: c.bus, KeyHeader: keyHeader, Key: apiKey, Rate: 10_000},
	})
	if err != nil {
		return fmt.Errorf("making the rule: %w", err)
	}
	client := sns.New(sns.Options{
		BaseEndpoint: aws.String(c.aws.Endpoint()), Region: c.aws.Region(),
		Credentials: credentials.NewStaticCredentialsProvider("demo", "demo", ""),
	})
	_, err = client.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: aws.String(c.topic), Protocol: aws.String("http"), Endpoint: aws.String("http://" + addr + topicPath),
	})
	if err != nil {
		return fmt.Errorf("subscribing to the topic: %w", err)
	}
	return c.confirmed(ctx, client)
}

func (c *cloud) confirmed(ctx context.Context, client *sns.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := client.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(c.topic)})
		if err != nil {
			return fmt.Errorf("waiting for the subscription: %w", err)
		}
		if len(list.Subscriptions) == 1 && aws.ToString(list.Subscriptions[0].SubscriptionArn) != "PendingConfirmation" {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the subscription: %w", ctx.Err())
		}
	}
}

// feed hands each delivery of plan to its path when its time has come.
func (c *cloud) feed(ctx context.Context, plan []simulate.Delivery) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for _, d := range plan {
		if wait := time.Until(d.At); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := c.send(ctx, d); err != nil {
			return fmt.Errorf("sending over %s: %w", d.Path, err)
		}
	}
	return nil
}

func (c *cloud) send(ctx context.Context, d simulate.Delivery) error {
	switch d.Path {
	case simulate.PathSQS:
		return c.aws.Send(c.queue, string(d.Body))
	case simulate.PathSNS:
		return c.aws.Notify(c.topic, string(d.Body))
	case simulate.PathEventBridge:
		if d.Rubbish == simulate.RubbishUnreadable {
			return c.post(ctx, d.Body)
		}
		return c.aws.Inject(d.Body)
	}
	return fmt.Errorf("path %q is unknown", d.Path)
}

// post sends a body as an API destination does whose rule transforms its input into something else. The bus itself would not
// take it.
func (c *cloud) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.bus, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	req.Header.Set(keyHeader, apiKey)
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("posting: %w", err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("posting: answered %s", resp.Status)
	}
	return nil
}
