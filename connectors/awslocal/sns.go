package awslocal

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

const (
	maxTopics        = 1000
	maxSubscriptions = 10_000
	pendingARN       = "PendingConfirmation"
)

// topics is the SNS service. It is safe for concurrent use.
type topics struct {
	server *Server
	client *http.Client

	mu            sync.Mutex
	byARN         map[string]*topic
	subscriptions map[string]*subscription
	// tokens holds the subscriptions that a token would confirm.
	tokens map[string]*subscription
}

// topic is one topic; its fields are guarded by topics.mu.
type topic struct {
	arn        string
	attributes map[string]string
	subs       []*subscription
}

// subscription is one endpoint of a topic. arn, topic, protocol and endpoint do not change; the rest is guarded by
// topics.mu.
type subscription struct {
	arn, topicARN, protocol, endpoint string
	raw, confirmed                    bool
	token                             string
	// plan is the delivery policy of the subscription, nil for that of the server; policy is its text.
	plan   *retryPlan
	policy string
	// deadLetter is the ARN of a queue for what could not be delivered. Empty: it is dropped.
	deadLetter string
}

func newTopics(s *Server, client *http.Client) *topics {
	return &topics{
		server: s, client: client, byARN: make(map[string]*topic), subscriptions: make(map[string]*subscription),
		tokens: make(map[string]*subscription),
	}
}

func (t *topics) arn(name string) string {
	o := t.server.opts
	return "arn:" + partition(o.Region) + ":sns:" + o.Region + ":" + o.Account + ":" + name
}

// named returns the topic of an ARN. The caller holds mu.
func (t *topics) named(arn string) (*topic, error) {
	if tp := t.byARN[arn]; tp != nil {
		return tp, nil
	}
	return nil, notFound("Topic does not exist")
}

func notFound(message string) error {
	return &APIError{Status: http.StatusNotFound, Code: "NotFound", Message: message}
}

func invalidParameter(message string) error {
	return badRequest("InvalidParameter", "Invalid parameter: "+message)
}

type topicARNResult struct {
	TopicArn string `xml:"TopicArn"`
}

func (t *topics) create(form url.Values) (any, error) {
	name := form.Get("Name")
	if err := checkQueueName(name, false); err != nil || len(name) > 80 {
		return nil, invalidParameter("Topic Name")
	}
	attributes := formMap(form, "Attributes", "key", "value")
	for key, value := range attributes {
		if err := checkTopicAttribute(key, value); err != nil {
			return nil, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	arn := t.arn(name)
	if t.byARN[arn] != nil {
		return topicARNResult{TopicArn: arn}, nil
	}
	if len(t.byARN) >= maxTopics {
		return nil, &APIError{Status: http.StatusForbidden, Code: "TopicLimitExceeded", Message: "Too many topics"}
	}
	t.byARN[arn] = &topic{arn: arn, attributes: attributes}
	return topicARNResult{TopicArn: arn}, nil
}

// checkTopicAttribute refuses attributes that would have no effect here without saying so.
func checkTopicAttribute(name, value string) error {
	switch name {
	case "SignatureVersion":
		if value != "1" && value != "2" {
			return invalidParameter("SignatureVersion")
		}
		return nil
	case "DisplayName", "Policy", "KmsMasterKeyId", "TracingConfig":
		return nil
	}
	return invalidParameter("AttributeName: " + name + " is not served here")
}

// attributesResult is a map in the query protocol.
type attributesResult struct {
	Entries []attributeEntry `xml:"Attributes>entry"`
}

type attributeEntry struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

func attributesOf(m map[string]string) attributesResult {
	var out attributesResult
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out.Entries = append(out.Entries, attributeEntry{Key: key, Value: m[key]})
	}
	return out
}

func (t *topics) attributes(form url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp, err := t.named(form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"TopicArn": tp.arn, "Owner": t.server.opts.Account, "SignatureVersion": tp.signatureVersion(),
	}
	maps.Copy(all, tp.attributes)
	return attributesOf(all), nil
}

func (t *topics) setAttributes(form url.Values) (any, error) {
	name, value := form.Get("AttributeName"), form.Get("AttributeValue")
	if err := checkTopicAttribute(name, value); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tp, err := t.named(form.Get("TopicArn"))
	if err != nil {
		return nil, err
	}
	tp.attributes[name] = value
	return nothing{}, nil
}

// signatureVersion returns 1 (SHA-1, the default at AWS) or 2 (SHA-256).
func (tp *topic) signatureVersion() string {
	if v := tp.attributes["SignatureVersion"]; v != "" {
		return v
	}
	return "1"
}

func (t *topics) remove(form url.Values) (any, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp := t.byARN[form.Get("TopicArn")]
	if tp == nil {
		return nothing{}, nil
	}
	for _, sub := range tp.subs {
		delete(t.subscriptions, sub.arn)
		delete(t.tokens, sub.token)
	}
	delete(t.byARN, tp.arn)
	return nothing{}, nil
}
