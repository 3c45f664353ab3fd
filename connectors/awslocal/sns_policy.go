package awslocal

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// retryPlan is the healthyRetryPolicy of a subscription: how often a delivery is repeated, and after which pauses. Delays are
// in whole seconds.
type retryPlan struct {
	Retries  int    `json:"numRetries"`
	NoDelay  int    `json:"numNoDelayRetries"`
	AtLeast  int    `json:"numMinDelayRetries"`
	AtMost   int    `json:"numMaxDelayRetries"`
	MinDelay int    `json:"minDelayTarget"`
	MaxDelay int    `json:"maxDelayTarget"`
	Backoff  string `json:"backoffFunction"`
}

const longestDelay = 3600

// readDeliveryPolicy reads the attribute DeliveryPolicy of a subscription.
func readDeliveryPolicy(value string) (*retryPlan, error) {
	var in struct {
		Healthy *retryPlan `json:"healthyRetryPolicy"`
	}
	if err := json.Unmarshal([]byte(value), &in); err != nil || in.Healthy == nil {
		return nil, invalidParameter("DeliveryPolicy: healthyRetryPolicy is required here")
	}
	p := in.Healthy
	phases := p.NoDelay + p.AtLeast + p.AtMost
	bad := p.Retries < 0 || p.Retries > maxRetries || min(p.NoDelay, p.AtLeast, p.AtMost) < 0 || phases > p.Retries ||
		p.MinDelay < 1 || p.MaxDelay < p.MinDelay || p.MaxDelay > longestDelay
	if bad || p.total() > longestDelay*time.Second {
		return nil, invalidParameter("DeliveryPolicy: healthyRetryPolicy")
	}
	return p, nil
}

// pause returns the wait before retry n, counted from 1: none, then the least, then growing evenly, then the most.
func (p *retryPlan) pause(n int) time.Duration {
	growing := p.Retries - p.NoDelay - p.AtLeast - p.AtMost
	seconds := time.Duration(p.MaxDelay) * time.Second
	switch step := n - p.NoDelay - p.AtLeast; {
	case n <= p.NoDelay:
		return 0
	case step <= 0:
		return time.Duration(p.MinDelay) * time.Second
	case step <= growing:
		span := time.Duration(p.MaxDelay-p.MinDelay) * time.Second
		return time.Duration(p.MinDelay)*time.Second + span*time.Duration(step)/time.Duration(growing+1)
	}
	return seconds
}

func (p *retryPlan) total() time.Duration {
	var sum time.Duration
	for n := 1; n <= p.Retries; n++ {
		sum += p.pause(n)
	}
	return sum
}

// after returns the pause before retry n of a delivery to sub, and whether there is one at all.
func (t *topics) after(sub *subscription, n int) (time.Duration, bool) {
	if sub.plan != nil {
		return sub.plan.pause(n), n <= sub.plan.Retries
	}
	return t.server.opts.Redelivery.Delay, n <= t.server.opts.Redelivery.Retries
}

// readRedrive reads the attribute RedrivePolicy of a subscription: the ARN of its dead-letter queue.
func readRedrive(value string) (string, error) {
	var in struct {
		Target string `json:"deadLetterTargetArn"`
	}
	if err := json.Unmarshal([]byte(value), &in); err != nil || in.Target == "" {
		return "", invalidParameter("RedrivePolicy")
	}
	return in.Target, nil
}

// giveUp puts a message that could not be delivered into the dead-letter queue of its subscription, or drops it.
func (t *topics) giveUp(sub *subscription, m outgoing) {
	stats := &t.server.stats.sns
	if sub.deadLetter == "" || m.kind != kindNotification || t.server.queues.deliver(sub.deadLetter, string(m.body), nil) != nil {
		stats.dropped.Add(1)
		return
	}
	stats.deadLettered.Add(1)
}

// everySubscription lists all subscriptions. There is one page: AWS has pages of 100. The caller holds mu.
func (t *topics) everySubscription() subscriptionsResult {
	var out subscriptionsResult
	for _, arn := range slices.Sorted(maps.Keys(t.byARN)) {
		out.Members = append(out.Members, t.members(t.byARN[arn])...)
	}
	return out
}

// members lists the subscriptions of one topic. The caller holds mu.
func (t *topics) members(tp *topic) []subscriptionResult {
	out := make([]subscriptionResult, 0, len(tp.subs))
	for _, sub := range tp.subs {
		arn := sub.arn
		if !sub.confirmed {
			arn = pendingARN
		}
		out = append(out, subscriptionResult{
			TopicArn: tp.arn, Protocol: sub.protocol, SubscriptionArn: arn, Owner: t.server.opts.Account, Endpoint: sub.endpoint,
		})
	}
	return out
}
