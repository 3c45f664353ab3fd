package awscmd

import (
	"encoding/json"

	"go.yaml.in/yaml/v3"

	"carillon/connectors/sns"
)

const (
	// deadLetterRetention is the longest that SQS has, 14 days: a dead letter keeps the age it had in the queue.
	deadLetterRetention = 1209600
	// EventBridge's own longest patience with a target.
	targetMaxAge   = 86400
	targetAttempts = 185
)

const (
	templateName = "${Name}"
	templateDead = "${Name}-dead"
)

// resources returns every resource; names in policies are the names of the resources, so nothing depends on itself.
func (o *TemplateOptions) resources() *yaml.Node {
	var entries []entry
	if o.Encrypt {
		entries = append(entries, o.key())
	}
	entries = append(entries, o.queues()...)
	entries = append(entries, o.topic()...)
	if o.hasEndpoint() {
		entries = append(entries, o.destination()...)
	}
	return object(append(entries, o.rule(), o.consumer())...)
}

func resource(kind string, properties ...entry) *yaml.Node {
	return object(kv("Type", kind), kv("Properties", object(properties...)))
}

// after is resource that waits for others.
func after(kind string, others []string, properties ...entry) *yaml.Node {
	return object(kv("Type", kind), kv("DependsOn", others), kv("Properties", object(properties...)))
}

func (o *TemplateOptions) key() entry {
	doc := KeyPolicy(o.scope(), KeyWriters{Direct: true, Rules: true, Topics: true, Confine: true})
	return about("A customer managed key: the policy of the AWS managed one lets in no service and cannot be changed.", "Key",
		resource("AWS::KMS::Key",
			kv("Description", "Chime SDK notifications on their way to Carillon"), kv("EnableKeyRotation", true), kv("KeyPolicy", doc)))
}

// encryption is how a queue is encrypted.
func (o *TemplateOptions) encryption() entry {
	if o.Encrypt {
		return kv("KmsMasterKeyId", arnOf("Key"))
	}
	return kv("SqsManagedSseEnabled", true)
}

func (o *TemplateOptions) queues() []entry {
	s := o.scope()
	queue := Writers{Direct: true, Rules: []string{templateName}}
	dead := Writers{Rules: []string{templateName}, Topics: []string{templateName}}
	if !o.hasEndpoint() {
		queue.Topics = []string{templateName}
	}
	policy := func(name string, doc Document) *yaml.Node {
		return resource("AWS::SQS::QueuePolicy", kv("Queues", list(ref(name))), kv("PolicyDocument", doc))
	}
	redrive := object(kv("deadLetterTargetArn", arnOf("DeadLetterQueue")), kv("maxReceiveCount", ref("MaxReceiveCount")))
	return []entry{
		about("A standard queue: the Chime SDK does not deliver to FIFO queues.", "Queue", resource("AWS::SQS::Queue",
			kv("QueueName", templateName), kv("MessageRetentionPeriod", ref("QueueRetentionSeconds")),
			kv("VisibilityTimeout", ref("VisibilityTimeoutSeconds")), kv("ReceiveMessageWaitTimeSeconds", 20),
			kv("RedrivePolicy", redrive), o.encryption())),
		kv("QueuePolicy", policy("Queue", QueuePolicy(s, templateName, queue))),
		about("What the queue, the rule and the topic give up, kept as long as SQS can.", "DeadLetterQueue", resource("AWS::SQS::Queue",
			kv("QueueName", templateDead), kv("MessageRetentionPeriod", deadLetterRetention), o.encryption())),
		kv("DeadLetterQueuePolicy", policy("DeadLetterQueue", QueuePolicy(s, templateDead, dead))),
	}
}

func (o *TemplateOptions) topic() []entry {
	properties := []entry{kv("TopicName", templateName), kv("SignatureVersion", "2")}
	if o.Encrypt {
		properties = append(properties, kv("KmsMasterKeyId", arnOf("Key")))
	}
	return []entry{
		about("Signature version 2 is SHA-256; the default is SHA-1.", "Topic", resource("AWS::SNS::Topic", properties...)),
		kv("TopicPolicy", resource("AWS::SNS::TopicPolicy",
			kv("Topics", list(ref("Topic"))), kv("PolicyDocument", TopicPolicy(o.scope(), templateName, Writers{Direct: true})))),
		o.subscription(),
	}
}

// subscription ends at Carillon when it has a public endpoint, else in the queue.
func (o *TemplateOptions) subscription() entry {
	dead := kv("RedrivePolicy", object(kv("deadLetterTargetArn", arnOf("DeadLetterQueue"))))
	if !o.hasEndpoint() {
		return kv("Subscription", after("AWS::SNS::Subscription", []string{"QueuePolicy", "DeadLetterQueuePolicy"},
			kv("TopicArn", ref("Topic")), kv("Protocol", "sqs"), kv("Endpoint", arnOf("Queue")), dead))
	}
	return about("Carillon confirms it by itself: have it running. A failed delivery is repeated for 3,600 s, the most that SNS allows.",
		"Subscription", after("AWS::SNS::Subscription", []string{"DeadLetterQueuePolicy"},
			kv("TopicArn", ref("Topic")), kv("Protocol", "https"), kv("Endpoint", ref("TopicEndpoint")), kv("RawMessageDelivery", false),
			kv("DeliveryPolicy", json.RawMessage(sns.DeliveryPolicy())), dead))
}

func (o *TemplateOptions) destination() []entry {
	s := o.scope()
	inline := object(kv("PolicyName", "InvokeDestination"), kv("PolicyDocument", InvokePermissions(s, templateName)))
	return []entry{
		about("EventBridge proves itself with an API key; its requests carry no signature.", "Connection", resource("AWS::Events::Connection",
			kv("Name", templateName), kv("AuthorizationType", "API_KEY"),
			kv("AuthParameters", object(kv("ApiKeyAuthParameters", object(
				kv("ApiKeyName", ref("ApiKeyHeader")), kv("ApiKeyValue", ref("ApiKey")))))))),
		kv("Destination", resource("AWS::Events::ApiDestination",
			kv("Name", templateName), kv("ConnectionArn", arnOf("Connection")), kv("HttpMethod", "POST"),
			kv("InvocationEndpoint", ref("RuleEndpoint")), kv("InvocationRateLimitPerSecond", ref("InvocationsPerSecond")))),
		kv("InvokeRole", resource("AWS::IAM::Role",
			kv("AssumeRolePolicyDocument", InvokeTrust(s, templateName)), kv("Policies", list(inline)))),
	}
}

// rule has no input transformer: Carillon needs the whole event.
func (o *TemplateOptions) rule() entry {
	target := func(id string, more ...entry) *yaml.Node {
		return object(append([]entry{kv("Id", id)}, append(more,
			kv("DeadLetterConfig", object(kv("Arn", arnOf("DeadLetterQueue")))),
			kv("RetryPolicy", object(kv("MaximumEventAgeInSeconds", targetMaxAge), kv("MaximumRetryAttempts", targetAttempts))))...)...)
	}
	targets := list(target("queue", kv("Arn", arnOf("Queue"))))
	if o.hasEndpoint() {
		targets.Content = append(targets.Content, target("carillon", kv("Arn", arnOf("Destination")), kv("RoleArn", arnOf("InvokeRole"))))
	}
	return about("On the default bus, where the Chime SDK puts its events. CloudTrail records have the same source and are left out.",
		"Rule", after("AWS::Events::Rule", []string{"QueuePolicy", "DeadLetterQueuePolicy"},
			kv("Name", templateName), kv("State", "ENABLED"), kv("EventPattern", EventPattern()), kv("Targets", targets)))
}

func (o *TemplateOptions) consumer() entry {
	c := Consumer{Queue: templateName, Topic: templateName, Doctor: true}
	if o.Encrypt {
		c.Key = "${Key.Arn}"
	}
	return about("Attach this to the role that Carillon runs with.", "ConsumerPolicy", resource("AWS::IAM::ManagedPolicy",
		kv("Description", "What Carillon needs to take notifications, and what its doctor reads"),
		kv("PolicyDocument", ConsumerPolicy(o.scope(), c))))
}
