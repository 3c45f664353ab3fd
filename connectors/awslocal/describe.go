package awslocal

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// The operations in this file describe what Go methods have set up, to programs that look at an account.

// callerIdentity is the answer of STS to GetCallerIdentity.
type callerIdentity struct {
	Account string `xml:"Account"`
	ARN     string `xml:"Arn"`
	UserID  string `xml:"UserId"`
}

func (t *topics) callerIdentity(url.Values) (any, error) {
	o := t.server.opts
	return callerIdentity{Account: o.Account, ARN: "arn:" + partition(o.Region) + ":iam::" + o.Account + ":user/local", UserID: "AIDALOCAL"}, nil
}

func (t *topics) listEverySubscription(url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.everySubscription(), nil
}

// eventsOperations lists what the EventBridge service can do.
func eventsOperations(b *bus) map[string]operation {
	return map[string]operation{
		"PutEvents":              typed(b.putEvents),
		"DescribeEventBus":       typed(b.describeBus),
		"ListRules":              typed(b.listRules),
		"ListTargetsByRule":      typed(b.listTargets),
		"DescribeApiDestination": typed(b.describeDestination),
		"DescribeConnection":     typed(b.describeConnection),
	}
}

type describedRule struct {
	Name, Arn, EventPattern, State, EventBusName string
}

type listRulesInput struct {
	EventBusName, NamePrefix string
}

func (b *bus) listRules(_ context.Context, in *listRulesInput) (any, error) {
	if in.EventBusName != "" && lastOf(in.EventBusName, "/") != "default" {
		return nil, resourceNotFound("event bus " + in.EventBusName)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string][]describedRule{"Rules": {}}
	for _, r := range b.rules {
		if !strings.HasPrefix(r.Name, in.NamePrefix) {
			continue
		}
		state := "ENABLED"
		if r.Disabled {
			state = "DISABLED"
		}
		out["Rules"] = append(out["Rules"], describedRule{
			Name: r.Name, Arn: b.arn("rule/" + r.Name), EventPattern: r.pattern(), State: state, EventBusName: "default",
		})
	}
	return out, nil
}

// pattern returns what the rule matches in the language of EventBridge.
func (r *rule) pattern() string {
	raw, _ := json.Marshal(struct {
		Source     []string `json:"source,omitempty"`
		DetailType []string `json:"detail-type,omitempty"`
	}{r.Sources, r.DetailTypes})
	return string(raw)
}

type describedTarget struct {
	ID               string            `json:"Id"`
	Arn              string            `json:"Arn"`
	RoleArn          string            `json:"RoleArn,omitempty"`
	Input            string            `json:"Input,omitempty"`
	DeadLetterConfig map[string]string `json:"DeadLetterConfig,omitempty"`
	RetryPolicy      map[string]int    `json:"RetryPolicy,omitempty"`
}

type ruleInput struct {
	Rule string
}

func (b *bus) listTargets(_ context.Context, in *ruleInput) (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rules, func(r *rule) bool { return r.Name == in.Rule })
	if i < 0 {
		return nil, resourceNotFound("rule " + in.Rule)
	}
	return map[string][]describedTarget{"Targets": b.targets(b.rules[i])}, nil
}

func (b *bus) targets(r *rule) []describedTarget {
	out := []describedTarget{}
	if r.Queue != "" {
		out = append(out, describedTarget{ID: "queue", Arn: b.queueARN(r.Queue), Input: r.Input, DeadLetterConfig: b.deadLetter(r.DeadLetter)})
	}
	if r.to == nil {
		return out
	}
	post := describedTarget{
		ID: "destination", Arn: b.arn("api-destination/" + r.Name + "/00000000-0000-4000-8000-000000000000"), Input: r.Input,
		RoleArn:     "arn:" + partition(b.server.opts.Region) + ":iam::" + b.server.opts.Account + ":role/" + r.Name,
		RetryPolicy: map[string]int{"MaximumRetryAttempts": r.to.Retries, "MaximumEventAgeInSeconds": int(r.to.MaxAge.Seconds())},
	}
	post.DeadLetterConfig = b.deadLetter(r.to.DeadLetter)
	return append(out, post)
}

func (b *bus) deadLetter(queue string) map[string]string {
	if queue == "" {
		return nil
	}
	return map[string]string{"Arn": b.queueARN(queue)}
}

// queueARN returns the ARN of a queue that is given by URL, ARN or name.
func (b *bus) queueARN(ref string) string { return b.server.queues.arn(lastOf(lastOf(ref, "/"), ":")) }

type nameInput struct {
	Name string
}

func (b *bus) describeDestination(_ context.Context, in *nameInput) (any, error) {
	r, err := b.withDestination(in.Name)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"Name": r.Name, "ApiDestinationArn": b.arn("api-destination/" + r.Name), "ApiDestinationState": "ACTIVE", "HttpMethod": "POST",
		"ConnectionArn": b.arn("connection/" + r.Name + "/00000000-0000-4000-8000-000000000000"), "InvocationEndpoint": r.to.URL,
		"InvocationRateLimitPerSecond": r.to.Rate,
	}, nil
}

// describeBus knows the default bus, by name or ARN.
func (b *bus) describeBus(_ context.Context, in *struct{ Name string }) (any, error) {
	if in.Name != "" && lastOf(in.Name, "/") != "default" {
		return nil, badRequest("ResourceNotFoundException", "Event bus "+in.Name+" does not exist.")
	}
	return map[string]string{"Name": "default", "Arn": b.arn("event-bus/default")}, nil
}

func (b *bus) describeConnection(_ context.Context, in *nameInput) (any, error) {
	r, err := b.withDestination(in.Name)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"Name": r.Name, "ConnectionArn": b.arn("connection/" + r.Name), "ConnectionState": "AUTHORIZED"}
	if r.to.User != "" {
		out["AuthorizationType"] = "BASIC"
		out["AuthParameters"] = map[string]any{"BasicAuthParameters": map[string]string{"Username": r.to.User}}
		return out, nil
	}
	out["AuthorizationType"] = "API_KEY"
	out["AuthParameters"] = map[string]any{"ApiKeyAuthParameters": map[string]string{"ApiKeyName": r.to.KeyHeader}}
	return out, nil
}

// withDestination returns the rule whose API destination and connection have its name.
func (b *bus) withDestination(name string) (*rule, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rules, func(r *rule) bool { return r.Name == name && r.to != nil })
	if i < 0 {
		return nil, resourceNotFound("API destination or connection " + name)
	}
	return b.rules[i], nil
}

func (b *bus) arn(resource string) string {
	o := b.server.opts
	return "arn:" + partition(o.Region) + ":events:" + o.Region + ":" + o.Account + ":" + resource
}

func resourceNotFound(what string) error {
	return badRequest("ResourceNotFoundException", what+" does not exist.")
}
