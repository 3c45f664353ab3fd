package sqs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
)

const (
	// What a call may take beyond the wait of a poll.
	callTimeout = 15 * time.Second
	// Renewals run beside one delete of each poller.
	renewConnections = 2
)

// clients reach the queue. Polls hold their connections for as long as they wait, so everything else has its own.
type clients struct {
	poll, settle *awssqs.Client
	transports   []*http.Transport
	credentials  aws.CredentialsProvider
}

// newClients reads the environment of the AWS SDK and builds both clients. It opens no connection.
func newClients(ctx context.Context, c *Config) (*clients, error) {
	where := addressOf(c)
	var opts []func(*config.LoadOptions) error
	if where.region != "" {
		opts = append(opts, config.WithRegion(where.region))
	}
	if !c.AccessKeyID.IsZero() {
		static := credentials.NewStaticCredentialsProvider(c.AccessKeyID.Reveal(), c.SecretAccessKey.Reveal(), "")
		opts = append(opts, config.WithCredentialsProvider(static))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("reading the environment of the AWS SDK: %w", err)
	}
	if cfg.Region == "" {
		return nil, errors.New("finding the region: set region, or AWS_REGION in the environment")
	}
	if where.endpoint != "" {
		cfg.BaseEndpoint = &where.endpoint
	}
	polls := newTransport(c.Pollers, c.Wait+callTimeout)
	settles := newTransport(c.Pollers+renewConnections, callTimeout)
	return &clients{
		poll:       newClient(cfg, polls, c.Wait+callTimeout),
		settle:     newClient(cfg, settles, callTimeout),
		transports: []*http.Transport{polls, settles}, credentials: cfg.Credentials,
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

// newClient leaves retries to the caller, who knows what is worth one, and checksums too: the SDK would fail a whole batch
// for one bad body.
func newClient(cfg aws.Config, t *http.Transport, timeout time.Duration) *awssqs.Client {
	return awssqs.NewFromConfig(cfg, func(o *awssqs.Options) {
		o.Retryer = aws.NopRetryer{}
		o.DisableMessageChecksumValidation = true
		o.HTTPClient = &http.Client{
			Transport: t, Timeout: timeout + callTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	})
}

// renewCredentials drops credentials that were refused, so that the next call fetches them again.
func (c *clients) renewCredentials() {
	if cache, ok := c.credentials.(*aws.CredentialsCache); ok {
		cache.Invalidate()
	}
}

// closeIdle frees the connections that nobody uses.
func (c *clients) closeIdle() {
	for _, t := range c.transports {
		t.CloseIdleConnections()
	}
}
