package sqs

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
)

const (
	// What a call may take beyond the wait of a poll.
	callTimeout = 15 * time.Second
	// Extensions run side by side, beside one delete of each poller and a sample.
	extendConnections = 4
	otherConnections  = extendConnections + 1
)

// clients reach the queue. Polls hold their connections for as long as they wait, so everything else has its own.
type clients struct {
	poll, settle *awssqs.Client
	transports   []*http.Transport
	identity     *identity
}

// newClients reads the environment of the AWS SDK and builds both clients. It opens no connection.
func newClients(ctx context.Context, c *Config) (*clients, error) {
	where := addressOf(c)
	polls := newTransport(c.MaxPollers, c.Wait+callTimeout)
	settles := newTransport(c.MaxPollers+otherConnections, callTimeout)
	cfg, who, err := newIdentity(ctx, c, where.region, newHTTP(settles, callTimeout))
	if err != nil {
		return nil, err
	}
	return &clients{
		poll:       newClient(cfg, where.endpoint, newHTTP(polls, c.Wait+callTimeout)),
		settle:     newClient(cfg, where.endpoint, newHTTP(settles, callTimeout)),
		transports: []*http.Transport{polls, settles}, identity: who,
	}, nil
}

// newTransport keeps a connection for each call that runs at once. headers bounds the wait for the head of an answer, which
// for a poll has to be longer than the poll itself.
func newTransport(connections int, headers time.Duration) *http.Transport {
	t := awshttp.NewBuildableClient().GetTransport()
	t.MaxIdleConnsPerHost = connections
	t.MaxConnsPerHost = connections
	t.ResponseHeaderTimeout = headers
	return t
}

// newHTTP follows no redirects: a signed request is for its host alone.
func newHTTP(t *http.Transport, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: WholeBodies(t), Timeout: timeout + callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// newClient leaves retries to the caller, who knows what is worth one, and checksums too: the SDK would fail a whole batch
// for one bad body. The endpoint, if there is one, is set here because that of the environment is in front of one in cfg.
func newClient(cfg aws.Config, endpoint string, h *http.Client) *awssqs.Client {
	return awssqs.NewFromConfig(cfg, func(o *awssqs.Options) {
		if endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.Retryer = aws.NopRetryer{}
		o.DisableMessageChecksumValidation = true
		o.HTTPClient = h
	})
}

// locate asks for the URL of a queue that is named otherwise.
func (c *clients) locate(ctx context.Context, queue string, opts ...func(*awssqs.Options)) (string, error) {
	ref, err := parseRef(queue)
	if err != nil {
		return "", err
	}
	in := &awssqs.GetQueueUrlInput{QueueName: &ref.name}
	if ref.account != "" {
		in.QueueOwnerAWSAccountId = &ref.account
	}
	out, err := c.settle.GetQueueUrl(ctx, in, opts...)
	if err != nil {
		return "", err
	}
	if text(out.QueueUrl) == "" {
		return "", errors.New("the answer to sqs:GetQueueUrl names no URL")
	}
	return *out.QueueUrl, nil
}

// closeIdle frees the connections that nobody uses.
func (c *clients) closeIdle() {
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}
