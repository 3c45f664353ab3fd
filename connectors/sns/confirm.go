package sns

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
)

// confirmer confirms subscriptions through the SNS API.
type confirmer struct {
	endpoint    *string
	credentials aws.CredentialsProvider
	client      *http.Client
}

// newConfirmer uses no credentials unless there are some in cfg: a confirmation has to be signed only to forbid others to
// unsubscribe, and a role of this process might lack the permission for a signed one.
func newConfirmer(cfg Config, client *http.Client) *confirmer {
	c := &confirmer{client: client, credentials: aws.AnonymousCredentials{}}
	if cfg.Endpoint != "" {
		c.endpoint = aws.String(cfg.Endpoint)
	}
	if !cfg.AccessKeyID.IsZero() {
		c.credentials = credentials.NewStaticCredentialsProvider(cfg.AccessKeyID.Reveal(), cfg.SecretAccessKey.Reveal(), "")
	}
	return c
}

// confirm tells SNS that the subscription to t is wanted. Doing it again is harmless. The SDK tries three times.
func (c *confirmer) confirm(ctx context.Context, t topic, token string) error {
	api := awssns.New(awssns.Options{
		Region: t.region, BaseEndpoint: c.endpoint, Credentials: c.credentials, HTTPClient: c.client,
	})
	_, err := api.ConfirmSubscription(ctx, &awssns.ConfirmSubscriptionInput{
		TopicArn: aws.String(t.arn), Token: aws.String(token),
	})
	if err != nil {
		return fmt.Errorf("confirming the subscription to %q: %w", t.arn, err)
	}
	return nil
}
