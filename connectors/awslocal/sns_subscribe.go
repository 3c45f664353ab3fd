package awslocal

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

type subscriptionARNResult struct {
	SubscriptionArn string `xml:"SubscriptionArn"`
}

// subscribe adds an endpoint. A queue is confirmed at once, an HTTP endpoint is sent a token first.
func (t *topics) subscribe(form url.Values) (any, error) {
	wanted, err := t.readSubscription(form)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tp, err := t.named(form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	sub := tp.find(wanted)
	if sub == nil {
		if len(t.subscriptions) >= maxSubscriptions {
			return nil, &APIError{
				Status: http.StatusForbidden, Code: "SubscriptionLimitExceeded", Message: "Too many subscriptions",
			}
		}
		sub = wanted
		sub.arn, sub.topicARN = tp.arn+":"+newID(), tp.arn
		sub.token = hex.EncodeToString(randomBytes(32))
	}
	if !sub.confirmed {
		if err := t.askConfirmation(tp, sub, kindSubscription); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(tp.subs, sub) {
		tp.subs = append(tp.subs, sub)
		t.subscriptions[sub.arn] = sub
	}
	if !sub.confirmed && form.Get("ReturnSubscriptionArn") != "true" {
		return subscriptionARNResult{SubscriptionArn: "pending confirmation"}, nil
	}
	return subscriptionARNResult{SubscriptionArn: sub.arn}, nil
}

func (t *topics) readSubscription(form url.Values) (*subscription, error) {
	sub := &subscription{protocol: form.Get("Protocol"), endpoint: form.Get("Endpoint")}
	for name, value := range formMap(form, "Attributes", "key", "value") {
		if err := sub.set(name, value); err != nil {
			return nil, err
		}
	}
	switch sub.protocol {
	case "http", "https":
		u, err := url.Parse(sub.endpoint)
		if err != nil || u.Scheme != sub.protocol || u.Host == "" {
			return nil, invalidParameter("Endpoint must match the specified protocol")
		}
		return sub, nil
	case "sqs":
		t.server.queues.mu.Lock()
		defer t.server.queues.mu.Unlock()
		if _, err := t.server.queues.named(sub.endpoint); err != nil {
			return nil, invalidParameter("Endpoint Reason: the queue does not exist")
		}
		sub.confirmed = true
		return sub, nil
	}
	return nil, invalidParameter("Protocol: only http, https and sqs are served here")
}

// set sets an attribute of a subscription. The caller holds mu once the subscription is known to others.
func (sub *subscription) set(name, value string) error {
	switch name {
	case "RawMessageDelivery":
		raw, err := strconv.ParseBool(value)
		if err != nil {
			return invalidParameter("RawMessageDelivery")
		}
		sub.raw = raw
	case "DeliveryPolicy":
		plan, err := readDeliveryPolicy(value)
		if err != nil {
			return err
		}
		sub.plan, sub.policy = plan, value
	case "RedrivePolicy":
		target, err := readRedrive(value)
		if err != nil {
			return err
		}
		sub.deadLetter = target
	default:
		return invalidParameter("AttributeName: " + name + " is not served here")
	}
	return nil
}

// find returns the subscription with the same protocol and endpoint.
func (tp *topic) find(like *subscription) *subscription {
	for _, sub := range tp.subs {
		if sub.protocol == like.protocol && sub.endpoint == like.endpoint {
			return sub
		}
	}
	return nil
}

// askConfirmation sends sub its token. The caller holds mu.
func (t *topics) askConfirmation(tp *topic, sub *subscription, kind string) error {
	m, err := t.confirmation(tp, sub, kind)
	if err != nil {
		return err
	}
	if !t.server.dispatcher.reserve(1) {
		return throttled()
	}
	t.tokens[sub.token] = sub
	t.server.dispatcher.add(t.server.clock.now(), t.post(sub, m))
	return nil
}

func (t *topics) confirm(form url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp, err := t.named(form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	sub := t.tokens[form.Get("Token")]
	if sub == nil || sub.topicARN != tp.arn {
		return nil, invalidParameter("Token")
	}
	sub.confirmed = true
	if !slices.Contains(tp.subs, sub) {
		tp.subs = append(tp.subs, sub)
		t.subscriptions[sub.arn] = sub
	}
	return subscriptionARNResult{SubscriptionArn: sub.arn}, nil
}

// unsubscribe removes a subscription. An HTTP endpoint is told, with a token that would bring it back.
func (t *topics) unsubscribe(form url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sub := t.subscriptions[form.Get("SubscriptionArn")]
	if sub == nil {
		return nothing{}, nil
	}
	tp, err := t.named(sub.topicARN)
	if err != nil {
		return nil, err
	}
	delete(t.subscriptions, sub.arn)
	delete(t.tokens, sub.token)
	tp.subs = slices.DeleteFunc(tp.subs, func(other *subscription) bool { return other == sub })
	if sub.protocol == "sqs" || !sub.confirmed || len(t.tokens) >= maxSubscriptions {
		return nothing{}, nil
	}
	sub.confirmed, sub.token = false, hex.EncodeToString(randomBytes(32))
	return nothing{}, t.askConfirmation(tp, sub, kindUnsubscribe)
}

// subscriptionResult is one line of a list.
type subscriptionResult struct {
	TopicArn        string `xml:"TopicArn"`
	Protocol        string `xml:"Protocol"`
	SubscriptionArn string `xml:"SubscriptionArn"`
	Owner           string `xml:"Owner"`
	Endpoint        string `xml:"Endpoint"`
}

type subscriptionsResult struct {
	Members []subscriptionResult `xml:"Subscriptions>member"`
}

func (t *topics) listSubscriptions(form url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp, err := t.named(form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	return subscriptionsResult{Members: t.members(tp)}, nil
}

func (t *topics) subscriptionAttributes(form url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sub := t.subscriptions[form.Get("SubscriptionArn")]
	if sub == nil {
		return nil, notFound("Subscription does not exist")
	}
	all := map[string]string{
		"SubscriptionArn": sub.arn, "TopicArn": sub.topicARN, "Protocol": sub.protocol, "Endpoint": sub.endpoint,
		"Owner": t.server.opts.Account, "RawMessageDelivery": strconv.FormatBool(sub.raw),
		"PendingConfirmation": strconv.FormatBool(!sub.confirmed),
	}
	if sub.policy != "" {
		all["DeliveryPolicy"], all["EffectiveDeliveryPolicy"] = sub.policy, sub.policy
	}
	if sub.deadLetter != "" {
		all["RedrivePolicy"] = `{"deadLetterTargetArn":"` + sub.deadLetter + `"}`
	}
	return attributesOf(all), nil
}

func (t *topics) setSubscriptionAttributes(form url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sub := t.subscriptions[form.Get("SubscriptionArn")]
	if sub == nil {
		return nil, notFound("Subscription does not exist")
	}
	return nothing{}, sub.set(form.Get("AttributeName"), form.Get("AttributeValue"))
}
