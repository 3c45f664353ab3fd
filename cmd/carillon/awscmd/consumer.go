package awscmd

import "strings"

// Consumer says what Carillon itself reads.
type Consumer struct {
	// Queue is the name or ARN of the queue of an sqs source. Empty: none.
	Queue string
	// Topic is the name or ARN of a topic that Carillon subscribes itself to. Empty: none. Receiving from a topic and
	// confirming a subscription need no permission.
	Topic string
	// Key is the id or ARN of the key that encrypts the queue. Empty: none.
	Key string
	// Doctor adds what `carillon aws doctor` reads. None of it can change anything.
	Doctor bool
}

// ConsumerPolicy returns the identity policy of the role that Carillon runs with.
func ConsumerPolicy(s Scope, c Consumer) Document {
	out := Document{Version: policyVersion}
	allow := func(sid, resource string, actions ...string) {
		out.add(Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: texts{resource}})
	}
	if c.Queue != "" {
		allow("TakeNotifications", s.arn("sqs", c.Queue),
			"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:GetQueueUrl")
	}
	if c.Key != "" {
		allow("DecryptNotifications", s.keyARN(c.Key), "kms:Decrypt")
	}
	if c.Topic != "" {
		allow("SubscribeToTopic", s.arn("sns", c.Topic), "sns:Subscribe", "sns:ConfirmSubscription", "sns:ListSubscriptionsByTopic")
		// These three take no resource: IAM knows only topics.
		allow("KeepSubscription", "*", "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe")
	}
	if c.Doctor {
		allow("DoctorReads", "*", doctorActions()...)
	}
	return out
}

// doctorActions are the calls that the doctor makes. sts:GetCallerIdentity needs no permission.
func doctorActions() []string {
	return []string{
		"sqs:GetQueueUrl", "sqs:GetQueueAttributes",
		"sns:GetTopicAttributes", "sns:ListSubscriptions", "sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes",
		"events:ListRules", "events:ListTargetsByRule", "events:DescribeApiDestination", "events:DescribeConnection",
		"kms:DescribeKey", "kms:GetKeyPolicy",
	}
}

func (s Scope) keyARN(key string) string {
	if strings.HasPrefix(key, "arn:") || strings.HasPrefix(key, "${") {
		return key
	}
	return s.arn("kms", "key/"+key)
}
