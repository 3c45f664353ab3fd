package awscmd

import (
	"slices"
	"strings"
)

// Writers says who may write to a queue or a topic.
type Writers struct {
	// Direct lets in the Chime SDK itself, for meetings created with a NotificationsConfiguration.
	Direct bool
	// Rules are names or ARNs of EventBridge rules on the default bus.
	Rules []string
	// Topics are names or ARNs of SNS topics; for queues only.
	Topics []string
}

// QueuePolicy returns the resource policy of a queue, given by name or ARN, that lets in those writers and nobody else.
func QueuePolicy(s Scope, queue string, w Writers) Document {
	arn := s.arn("sqs", queue)
	out := Document{Version: policyVersion}
	if w.Direct {
		out.add(s.direct([]string{"sqs:SendMessage", "sqs:GetQueueUrl"}, arn))
	}
	if len(w.Rules) > 0 {
		out.add(s.rules("sqs:SendMessage", arn, w.Rules))
	}
	if len(w.Topics) > 0 {
		out.add(s.topics(arn, w.Topics))
	}
	return out
}

// TopicPolicy returns the resource policy of a topic, given by name or ARN. It replaces the one that SNS makes for a new
// topic; the account keeps its access through policies of its own identities.
func TopicPolicy(s Scope, topic string, w Writers) Document {
	arn := s.arn("sns", topic)
	out := Document{Version: policyVersion, ID: "CarillonTopic"}
	if w.Direct {
		out.add(s.direct([]string{"sns:Publish"}, arn))
	}
	if len(w.Rules) > 0 {
		out.add(s.rules("sns:Publish", arn, w.Rules))
	}
	return out
}

// KeyWriters says which services write to queues and topics that a key encrypts.
type KeyWriters struct {
	// Direct, Rules and Topics let in the Chime SDK, EventBridge and SNS.
	Direct, Rules, Topics bool
	// Confine binds the grant for the Chime SDK to the account. AWS's own sample has no condition.
	Confine bool
}

// KeyPolicy returns the policy of a customer managed key: the account administers it, the services that write may encrypt
// with it. EventBridge and SNS are granted as AWS documents it, without a condition: they are not known to send one to KMS.
func KeyPolicy(s Scope, w KeyWriters) Document {
	root := "arn:" + s.Partition + ":iam::" + s.Account + ":root"
	out := Document{Version: policyVersion, ID: "CarillonKey"}
	out.add(Statement{
		Sid: "AccountAdministersKey", Effect: "Allow", Principal: &Principal{"AWS": texts{root}}, Action: texts{"kms:*"}, Resource: texts{"*"},
	})
	if w.Direct {
		st := useKey("ChimeUsesKey", s.principals()...)
		if w.Confine {
			st.Condition = Condition{"StringEquals": {"aws:SourceAccount": texts{s.Account}}}
		}
		out.add(st)
	}
	if w.Rules {
		out.add(useKey("EventBridgeUsesKey", principalEvents))
	}
	if w.Topics {
		out.add(useKey("TopicsUseKey", principalTopics))
	}
	return out
}

// InvokeTrust returns the trust policy of the role with which a rule calls an API destination.
func InvokeTrust(s Scope, rule string) Document {
	st := Statement{
		Sid: "RuleAssumesRole", Effect: "Allow", Principal: &Principal{"Service": texts{principalEvents}}, Action: texts{"sts:AssumeRole"},
		Condition: Condition{
			"ArnLike":      {"aws:SourceArn": texts{s.ruleARN(rule)}},
			"StringEquals": {"aws:SourceAccount": texts{s.Account}},
		},
	}
	return Document{Version: policyVersion, Statement: []Statement{st}}
}

// InvokePermissions returns what that role may do: call one API destination, given by name. The ARN of a destination ends in
// an identifier that is not known before it exists.
func InvokePermissions(s Scope, destination string) Document {
	resource := s.arn("events", destination)
	if !strings.HasPrefix(destination, "arn:") {
		resource = s.arn("events", "api-destination/"+destination+"/*")
	}
	st := Statement{Sid: "InvokeDestination", Effect: "Allow", Action: texts{"events:InvokeApiDestination"}, Resource: texts{resource}}
	return Document{Version: policyVersion, Statement: []Statement{st}}
}

func (d *Document) add(st Statement) { d.Statement = append(d.Statement, st) }

// direct is the grant for the Chime SDK. Both conditions hold at once. AWS's documents have shown two forms of SourceArn, with
// an empty region and with one; both are let in, since either may be sent and a wrong guess loses notifications silently.
func (s Scope) direct(actions []string, resource string) Statement {
	prefix := "arn:" + s.Partition + ":chime:"
	return Statement{
		Sid: "ChimeWritesNotifications", Effect: "Allow", Principal: &Principal{"Service": s.principals()}, Action: actions,
		Resource: texts{resource},
		Condition: Condition{
			"StringEquals": {"aws:SourceAccount": texts{s.Account}},
			"ArnLike":      {"aws:SourceArn": texts{prefix + "*:" + s.Account + ":*", prefix + ":" + s.Account + ":*"}},
		},
	}
}

// rules is the grant for EventBridge. The ARN of a rule holds the account, so SourceAccount would add nothing; EventBridge has
// not always sent it.
func (s Scope) rules(action, resource string, rules []string) Statement {
	arns := make(texts, len(rules))
	for i, r := range rules {
		arns[i] = s.ruleARN(r)
	}
	return Statement{
		Sid: "RulesWriteEvents", Effect: "Allow", Principal: &Principal{"Service": texts{principalEvents}}, Action: texts{action},
		Resource: texts{resource}, Condition: Condition{"ArnEquals": {"aws:SourceArn": arns}},
	}
}

// topics is the grant for SNS. Out of an opt-in region SNS delivers under a name with the region in it.
func (s Scope) topics(resource string, topics []string) Statement {
	arns, names := make(texts, len(topics)), texts{principalTopics}
	for i, t := range topics {
		arns[i] = s.arn("sns", t)
		region := regionOf(arns[i])
		if own := "sns." + region + ".amazonaws.com"; region != s.Region && isOptIn(region) && !slices.Contains(names, own) {
			names = append(names, own)
		}
	}
	return Statement{
		Sid: "TopicsWriteNotifications", Effect: "Allow", Principal: &Principal{"Service": names}, Action: texts{"sqs:SendMessage"},
		Resource: texts{resource}, Condition: Condition{"ArnEquals": {"aws:SourceArn": arns}},
	}
}

func useKey(sid string, services ...string) Statement {
	return Statement{
		Sid: sid, Effect: "Allow", Principal: &Principal{"Service": services},
		Action: texts{"kms:GenerateDataKey", "kms:Decrypt"}, Resource: texts{"*"},
	}
}
