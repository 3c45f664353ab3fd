package sns

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
)

// How many subscriptions of a topic are looked through, in pages of 100: the quota of a topic is far above, but those with
// more HTTP endpoints are not for events of meetings.
const mostPages = 100

// pendingArn stands in a list for a subscription that nobody has confirmed.
const pendingArn = "PendingConfirmation"

// api makes calls to SNS that need credentials, in the region of each topic.
type api struct {
	endpoint    *string
	credentials aws.CredentialsProvider
	client      *http.Client
}

// newAPI uses the credentials in cfg, else those that the AWS SDK finds in the environment, in files or in the role of the
// machine.
func newAPI(ctx context.Context, cfg *Config, client *http.Client) (*api, error) {
	a := &api{client: client}
	if cfg.Endpoint != "" {
		a.endpoint = aws.String(cfg.Endpoint)
	}
	if !cfg.AccessKeyID.IsZero() {
		a.credentials = credentials.NewStaticCredentialsProvider(cfg.AccessKeyID.Reveal(), cfg.SecretAccessKey.Reveal(), "")
		return a, nil
	}
	env, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the environment of the AWS SDK: %w", err)
	}
	a.credentials = env.Credentials
	return a, nil
}

func (a *api) in(region string) *awssns.Client {
	return awssns.New(awssns.Options{Region: region, BaseEndpoint: a.endpoint, Credentials: a.credentials, HTTPClient: a.client})
}

// subscribe makes sure that t posts to endpoint, with our delivery policy and not raw. Doing it again is harmless: SNS knows
// the subscription by its topic and endpoint, and asks again to confirm one that nobody has confirmed yet.
func (a *api) subscribe(ctx context.Context, t topic, endpoint *url.URL) error {
	attributes := map[string]string{attributePolicy: DeliveryPolicy(), attributeRaw: "false"}
	_, err := a.in(t.region).Subscribe(ctx, &awssns.SubscribeInput{
		TopicArn: aws.String(t.arn), Protocol: aws.String(endpoint.Scheme), Endpoint: aws.String(endpoint.String()),
		Attributes: attributes, ReturnSubscriptionArn: true,
	})
	if err == nil {
		return nil
	}
	// SNS refuses to subscribe again with other attributes than the subscription has.
	if _, ok := errors.AsType[*types.InvalidParameterException](err); !ok {
		return fmt.Errorf("subscribing to %q: %w", t.arn, withoutPassword(err, endpoint))
	}
	found, listing := a.find(ctx, t, endpoint)
	if listing != nil || len(found) == 0 {
		return errors.Join(fmt.Errorf("subscribing to %q: %w", t.arn, withoutPassword(err, endpoint)), listing)
	}
	for _, arn := range found {
		if err := a.set(ctx, t, arn, attributes); err != nil {
			return err
		}
	}
	return nil
}

const (
	attributePolicy = "DeliveryPolicy"
	attributeRaw    = "RawMessageDelivery"
)

func (a *api) set(ctx context.Context, t topic, arn string, attributes map[string]string) error {
	if arn == pendingArn {
		return fmt.Errorf("changing the subscription to %q: it has other attributes and nobody has confirmed it yet", t.arn)
	}
	for _, name := range []string{attributePolicy, attributeRaw} {
		_, err := a.in(t.region).SetSubscriptionAttributes(ctx, &awssns.SetSubscriptionAttributesInput{
			SubscriptionArn: aws.String(arn), AttributeName: aws.String(name), AttributeValue: aws.String(attributes[name]),
		})
		if err != nil {
			return fmt.Errorf("changing %s of %q: %w", name, arn, err)
		}
	}
	return nil
}

// find returns the ARNs of the subscriptions of t to endpoint. SNS shows the password in an endpoint as stars, so user and
// password are not compared.
func (a *api) find(ctx context.Context, t topic, endpoint *url.URL) ([]string, error) {
	pages := awssns.NewListSubscriptionsByTopicPaginator(a.in(t.region), &awssns.ListSubscriptionsByTopicInput{TopicArn: aws.String(t.arn)})
	var found []string
	for page := 0; pages.HasMorePages() && page < mostPages; page++ {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the subscriptions to %q: %w", t.arn, err)
		}
		for i := range out.Subscriptions {
			if sameEndpoint(aws.ToString(out.Subscriptions[i].Endpoint), endpoint) {
				found = append(found, aws.ToString(out.Subscriptions[i].SubscriptionArn))
			}
		}
	}
	return found, nil
}

func (a *api) remove(ctx context.Context, t topic, arn string) error {
	_, err := a.in(t.region).Unsubscribe(ctx, &awssns.UnsubscribeInput{SubscriptionArn: aws.String(arn)})
	if err != nil {
		return fmt.Errorf("ending %q: %w", arn, err)
	}
	return nil
}

func sameEndpoint(listed string, endpoint *url.URL) bool {
	u, err := url.Parse(listed)
	if err != nil {
		return false
	}
	mine := *endpoint
	u.User, mine.User = nil, nil
	return u.String() == mine.String()
}

// withoutPassword keeps the code of an error of SNS and leaves out its text where that may repeat the password in endpoint.
func withoutPassword(err error, endpoint *url.URL) error {
	if coded, ok := errors.AsType[smithy.APIError](err); ok && endpoint.User != nil {
		return &codeError{coded.ErrorCode()}
	}
	return err
}

// codeError is an answer of SNS of which only the code is told.
type codeError struct{ code string }

// Error returns the code.
func (e *codeError) Error() string { return "SNS answered " + e.code }
