package awscmd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// maxPages bounds lists: 100 entries each.
const maxPages = 20

// whoami returns the account of the credentials.
func (a *account) whoami(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := a.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Account), nil
}

// readQueue gathers everything about the queue of a target. The error is that of the queue itself.
func (a *account) readQueue(ctx context.Context, t *queueTarget) (*queueFacts, error) {
	where := t.url
	if where == "" {
		found, err := a.queueURL(ctx, t.name)
		if err != nil {
			return nil, err
		}
		where = found
	}
	q, err := a.queueAttributes(ctx, where)
	if err != nil {
		return nil, err
	}
	if arn := deadLetterARN(q.attributes); arn != "" {
		q.dead, q.deadErr = a.queueByARN(ctx, arn)
	}
	q.rules, err = a.rulesTo(ctx, q.arn)
	q.note("the rules of EventBridge", err)
	q.topics, err = a.topicsTo(ctx, q.arn)
	q.note("the subscriptions of SNS", err)
	q.key = a.readKey(ctx, q.attributes["KmsMasterKeyId"])
	return q, nil
}

func (q *queueFacts) note(what string, err error) {
	if err != nil {
		q.unread = append(q.unread, unread{what: what, err: err})
	}
}

// queueURL finds a queue by ARN, by account/name or by name.
func (a *account) queueURL(ctx context.Context, ref string) (string, error) {
	owner, name := accountOf(ref), nameOf(ref)
	if before, after, ok := strings.Cut(ref, "/"); ok && owner == "" {
		owner, name = before, after
	}
	in := &sqs.GetQueueUrlInput{QueueName: &name}
	if owner != "" {
		in.QueueOwnerAWSAccountId = &owner
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := a.sqs.GetQueueUrl(ctx, in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.QueueUrl), nil
}

func (a *account) queueByARN(ctx context.Context, arn string) (*queueFacts, error) {
	where, err := a.queueURL(ctx, arn)
	if err != nil {
		return nil, err
	}
	return a.queueAttributes(ctx, where)
}

func (a *account) queueAttributes(ctx context.Context, queueURL string) (*queueFacts, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := a.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &queueURL, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return nil, err
	}
	return &queueFacts{url: queueURL, arn: out.Attributes["QueueArn"], attributes: out.Attributes}, nil
}

// readDead reads a queue that a target or a subscription gives up into.
func (a *account) readDead(ctx context.Context, arn string) deadFacts {
	if arn == "" {
		return deadFacts{}
	}
	q, err := a.queueByARN(ctx, arn)
	return deadFacts{queue: q, err: err}
}

// deadLetterARN returns the target of a redrive policy, or nothing.
func deadLetterARN(attributes map[string]string) string {
	var policy struct {
		Target string `json:"deadLetterTargetArn"`
	}
	_ = json.Unmarshal([]byte(attributes["RedrivePolicy"]), &policy)
	return policy.Target
}

// topicsTo returns the topics that deliver to a queue.
func (a *account) topicsTo(ctx context.Context, queue string) ([]string, error) {
	all, err := a.subscriptions.get(func() ([]subscription, error) { return a.listSubscriptions(ctx) })
	var out []string
	for i := range all {
		if all[i].protocol == "sqs" && all[i].endpoint == queue && !slices.Contains(out, all[i].topic) {
			out = append(out, all[i].topic)
		}
	}
	return out, err
}

func (a *account) listSubscriptions(ctx context.Context) ([]subscription, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var out []subscription
	pages := sns.NewListSubscriptionsPaginator(a.sns, &sns.ListSubscriptionsInput{})
	for range maxPages {
		if !pages.HasMorePages() {
			return out, nil
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return out, err
		}
		for _, s := range page.Subscriptions {
			out = append(out, subscription{
				arn: aws.ToString(s.SubscriptionArn), topic: aws.ToString(s.TopicArn), protocol: aws.ToString(s.Protocol),
				endpoint: aws.ToString(s.Endpoint),
			})
		}
	}
	return out, fmt.Errorf("listing subscriptions: there are more than %d pages", maxPages)
}

// readTopic gathers everything about a topic. The error is that of the topic itself.
func (a *account) readTopic(ctx context.Context, t *topicTarget) (*topicFacts, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := a.sns.GetTopicAttributes(call, &sns.GetTopicAttributesInput{TopicArn: &t.arn})
	if err != nil {
		return nil, err
	}
	facts := &topicFacts{arn: t.arn, attributes: out.Attributes}
	if err := a.readSubscribers(ctx, t, facts); err != nil {
		facts.unread = append(facts.unread, unread{what: "the subscriptions of the topic", err: err})
	}
	if facts.rules, err = a.rulesTo(ctx, t.arn); err != nil {
		facts.unread = append(facts.unread, unread{what: "the rules of EventBridge", err: err})
	}
	facts.key = a.readKey(ctx, facts.attributes["KmsMasterKeyId"])
	return facts, nil
}

// readSubscribers sorts the HTTP subscriptions of a topic by whether they post to the path of the source.
func (a *account) readSubscribers(ctx context.Context, t *topicTarget, facts *topicFacts) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pages := sns.NewListSubscriptionsByTopicPaginator(a.sns, &sns.ListSubscriptionsByTopicInput{TopicArn: &t.arn})
	for n := 0; pages.HasMorePages() && n < maxPages; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.Subscriptions {
			if protocol := aws.ToString(s.Protocol); protocol != "http" && protocol != "https" {
				continue
			}
			if endpoint := aws.ToString(s.Endpoint); !t.expects(endpoint) {
				facts.others = append(facts.others, withoutUser(endpoint))
				continue
			}
			facts.subscribers = append(facts.subscribers, a.readSubscriber(ctx, subscription{
				arn: aws.ToString(s.SubscriptionArn), topic: t.arn, protocol: aws.ToString(s.Protocol), endpoint: aws.ToString(s.Endpoint),
			}))
		}
	}
	return nil
}

func (a *account) readSubscriber(ctx context.Context, s subscription) subscriber {
	out := subscriber{subscription: s}
	if out.pending() {
		return out
	}
	got, err := a.sns.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &s.arn})
	if err != nil {
		out.err = err
		return out
	}
	out.attributes = got.Attributes
	out.dead = a.readDead(ctx, deadLetterARN(got.Attributes))
	return out
}

// expects reports whether a subscription's URL is that of the source. SNS shows a password in it only masked.
func (t *topicTarget) expects(endpoint string) bool {
	if t.endpoint != "" {
		return withoutUser(endpoint) == t.endpoint
	}
	return postsTo(endpoint, t.path)
}

// postsTo reports whether a URL ends in the path of a source. Something in front may add a prefix.
func postsTo(endpoint, path string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && strings.HasSuffix(strings.TrimSuffix(cmp.Or(u.Path, "/"), "/"), strings.TrimSuffix(path, "/"))
}

// withoutUser returns a URL without the user and password that it may hold.
func withoutUser(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "a URL that cannot be read"
	}
	u.User = nil
	return u.String()
}
