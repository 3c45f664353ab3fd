package awscmd

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"
)

// TemplateOptions shape a CloudFormation template. Names, times and the API key are parameters of the template itself.
type TemplateOptions struct {
	// Namespace is where meetings are created. Empty: meetings.
	Namespace Namespace
	// Pipelines lets media pipelines write as well.
	Pipelines bool
	// Endpoint is the public URL of Carillon's listener, such as https://carillon.example.com, without the paths of its
	// sources. With it the topic posts there, and an API destination is made. Empty: the topic feeds the queue instead.
	Endpoint string
	// Encrypt makes a customer managed key for queues and topic. Otherwise SQS encrypts with a key of its own.
	Encrypt bool
}

// Template returns the template as YAML, the same bytes for the same options.
func Template(o TemplateOptions) (string, error) {
	if o.Namespace == "" {
		o.Namespace = NamespaceMeetings
	}
	if err := errors.Join(o.Namespace.check(), checkEndpoint(o.Endpoint)); err != nil {
		return "", err
	}
	o.Endpoint = strings.TrimSuffix(o.Endpoint, "/")
	root := object(
		kv("AWSTemplateFormatVersion", "2010-09-09"),
		kv("Description", "Amazon Chime SDK notifications for Carillon: queue, dead-letter queue, topic, rule and policies"),
		kv("Parameters", o.parameters()),
		kv("Rules", o.assertions()),
		kv("Resources", o.resources()),
		kv("Outputs", o.outputs()),
	)
	var buf bytes.Buffer
	enc := yaml.NewEncoder(&buf)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(root), enc.Close()); err != nil {
		return "", fmt.Errorf("writing template: %w", err)
	}
	return buf.String(), nil
}

// checkEndpoint wants what SNS and API destinations can reach: https, without a user, a query or a fragment.
func checkEndpoint(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("endpoint: want a public URL such as https://carillon.example.com; an API destination takes only https, with a " +
			"certificate that is publicly trusted")
	}
	return nil
}

// scope stands for the place where the template is used: CloudFormation fills it in.
func (o *TemplateOptions) scope() Scope {
	return Scope{
		Partition: "${AWS::Partition}", Region: "${AWS::Region}", Account: "${AWS::AccountId}", Namespace: o.Namespace, Pipelines: o.Pipelines,
	}
}

// hasEndpoint reports whether Carillon is reached over HTTPS.
func (o *TemplateOptions) hasEndpoint() bool { return o.Endpoint != "" }

func (o *TemplateOptions) parameters() *yaml.Node {
	entries := []entry{
		kv("Name", object(
			kv("Type", "String"), kv("Default", "chime-notifications"), kv("AllowedPattern", "[A-Za-z0-9_-]{1,60}"),
			kv("Description", "Name of the queue, the topic and the rule. The dead-letter queue is called the same with -dead behind it."),
		)),
		kv("QueueRetentionSeconds", number(345600, 86400, 1209600,
			"How long a notification waits for Carillon, in seconds. Keep stream.retention of Carillon at least as long (default 96h), so that "+
				"copies are recognised.")),
		kv("VisibilityTimeoutSeconds", number(60, 30, 43200,
			"How long a notification is hidden while Carillon has it in hand, in seconds. Carillon extends it as long as it needs.")),
		kv("MaxReceiveCount", number(10, 3, 1000,
			"After how many receives a notification moves to the dead-letter queue. Low values lose patience: a receive can be lost on the wire "+
				"and still count.")),
	}
	if o.hasEndpoint() {
		entries = append(entries, o.endpointParameters()...)
	}
	return object(entries...)
}

func number(standard, least, most int, description string) *yaml.Node {
	return object(kv("Type", "Number"), kv("Default", standard), kv("MinValue", least), kv("MaxValue", most), kv("Description", description))
}

func (o *TemplateOptions) endpointParameters() []entry {
	address := func(path, description string) *yaml.Node {
		return object(kv("Type", "String"), kv("Default", o.Endpoint+path), kv("AllowedPattern", "https://.+"), kv("Description", description))
	}
	return []entry{
		kv("TopicEndpoint", address("/sns", "Public URL of the sns source: the listener and the source's path.")),
		kv("RuleEndpoint", address("/eventbridge", "Public URL of the eventbridge source: the listener and the source's path.")),
		kv("ApiKeyHeader", object(
			kv("Type", "String"), kv("Default", "x-api-key"), kv("AllowedPattern", "[A-Za-z0-9-]{1,128}"),
			kv("Description", "Header that carries the API key, as auth.api_key.header of the eventbridge source."),
		)),
		kv("ApiKey", object(
			kv("Type", "String"), kv("NoEcho", true), kv("MinLength", 16), kv("MaxLength", 512),
			kv("Description", "The API key, as auth.api_key.value of the eventbridge source. Bodies carry no signature: make it long and random."),
		)),
		kv("InvocationsPerSecond", number(300, 1, 300, "How many events a second EventBridge posts at most. What is above waits.")),
	}
}

// assertions make CloudFormation refuse a region in which nothing would ever arrive.
func (o *TemplateOptions) assertions() *yaml.Node {
	regions, why := controlRegions(), "The Chime SDK produces notifications only in its control regions: "
	switch {
	case o.Namespace.old():
		regions, why = []string{chimeRegion}, "The older namespace Chime writes only to queues and topics in: "
	case o.Pipelines:
		regions, why = pipelineRegions(), "This template lets media pipelines write, which are controlled only from the regions below; make it with "+
			"--pipelines=false for others: "
	}
	return object(kv("ControlRegion", object(kv("Assertions", list(object(
		kv("Assert", object(kv("Fn::Contains", list(regions, ref("AWS::Region"))))),
		kv("AssertDescription", why+strings.Join(regions, ", ")),
	))))))
}

func (o *TemplateOptions) outputs() *yaml.Node {
	out := func(description string, value *yaml.Node) *yaml.Node {
		return object(kv("Description", description), kv("Value", value))
	}
	entries := []entry{
		kv("QueueUrl", out("queue_url of the sqs source.", ref("Queue"))),
		kv("QueueArn", out("SqsQueueArn in the NotificationsConfiguration of CreateMeeting.", arnOf("Queue"))),
		kv("TopicArn", out("SnsTopicArn in the NotificationsConfiguration of CreateMeeting; topic_arns of an sns source.", ref("Topic"))),
		kv("DeadLetterQueueUrl", out("Where notifications end that could not be handed over.", ref("DeadLetterQueue"))),
		kv("ConsumerPolicyArn", out("Policy for the role that Carillon runs with.", ref("ConsumerPolicy"))),
	}
	if o.Encrypt {
		entries = append(entries, kv("KeyArn", out("Key of queues and topic.", arnOf("Key"))))
	}
	return object(entries...)
}
