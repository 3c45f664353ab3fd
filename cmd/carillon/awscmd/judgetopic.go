package awscmd

import (
	"slices"
	"strings"
	"time"

	"carillon/connectors/sns"
)

// goodRetry is how long SNS should try an endpoint: longer than any restart.
const goodRetry = 30 * time.Minute

// judgeTopic says everything about a topic that was read.
func judgeTopic(f *findings, o Options, t *topicTarget, facts *topicFacts) {
	s := scopeOf(facts.arn, o)
	f.ok("exists", "topic "+facts.arn+" exists")
	judgeUnread(f, facts.unread)
	judgeRegion(f, s, ResourceTopic, facts.arn, false)
	to := &receiver{kind: ResourceTopic, arn: facts.arn, policy: facts.attributes["Policy"], rules: facts.rules}
	judgeWriters(f, s, to)
	judgeKey(f, s, to, facts.attributes["KmsMasterKeyId"], facts.key, facts.set(s, "KmsMasterKeyId", ""))
	judgeSignature(f, s, t, facts)
	for i := range facts.rules {
		judgeRule(f, s, &facts.rules[i], func(t *targetFacts) bool { return t.arn == facts.arn })
	}
	judgeSubscribers(f, s, t, facts)
}

func judgeSignature(f *findings, s Scope, t *topicTarget, facts *topicFacts) {
	version, mend := facts.attributes["SignatureVersion"], facts.set(s, "SignatureVersion", "2")
	switch {
	case version == "2":
		f.ok("signature", "messages are signed with SHA-256 (version 2)")
	case t.version == 2:
		f.wrong("signature", "messages are signed with SHA-1 (version 1), and the source takes only version 2 (require_signature_version)",
			"Every message is refused.", mend)
	default:
		f.warn("signature", "messages are signed with SHA-1 (version 1)", "Version 2 is SHA-256; set it, then require_signature_version: 2.", mend)
	}
}

// judgeSubscribers looks at the subscriptions that post to the path of the source.
func judgeSubscribers(f *findings, s Scope, t *topicTarget, facts *topicFacts) {
	if len(facts.subscribers) > 0 {
		for i := range facts.subscribers {
			judgeSubscriber(f, s, t, &facts.subscribers[i])
		}
		return
	}
	if slices.ContainsFunc(facts.unread, func(u unread) bool { return strings.HasPrefix(u.what, "the subscriptions") }) {
		return
	}
	what, endpoint := "no HTTP subscription of the topic posts to "+t.path, "https://YOUR-NAME"+t.path
	why := "Nothing arrives over this path. Start Carillon first, so that it can confirm; put its public name into the command."
	if t.endpoint != "" {
		what, endpoint = "no subscription of the topic posts to "+t.endpoint, t.endpoint
		why = "Nothing arrives over this path. Carillon subscribes itself while it runs (subscribe.endpoint); its log says why it could not."
	}
	if len(facts.others) > 0 {
		what += "; there are " + strings.Join(facts.others, ", ")
	}
	f.wrong("subscription", what, why, subscribe(s, facts.arn, "https", endpoint))
}

func judgeSubscriber(f *findings, s Scope, t *topicTarget, sub *subscriber) {
	name := withoutUser(sub.endpoint)
	if sub.protocol == "http" {
		f.warn("subscription_http", "the subscription of "+name+" is not encrypted",
			"Signatures keep messages from being forged, not from being read.", "")
	}
	if sub.pending() {
		f.wrong("subscription", "the subscription of "+name+" waits for its confirmation",
			"Nothing is delivered. Carillon confirms by itself when the request reaches it: it must run, be reachable under that name with a "+
				"certificate that is publicly trusted, and name the topic in topic_arns. The command sends the request again.",
			subscribe(s, sub.topic, sub.protocol, name))
		return
	}
	if sub.err != nil {
		judgeUnread(f, []unread{{what: "the subscription of " + name, err: sub.err}})
		return
	}
	f.ok("subscription", "the subscription of "+name+" is confirmed")
	judgeDeliveries(f, s, t, sub)
}

func judgeDeliveries(f *findings, s Scope, t *topicTarget, sub *subscriber) {
	if raw := sub.attributes["RawMessageDelivery"] == "true"; raw && !t.raw {
		f.wrong("raw", "messages are delivered raw", "A raw message carries no signature, so it is refused: anybody could have sent it.",
			sub.set(s, "RawMessageDelivery", "false"))
	} else if raw {
		f.ok("raw", "messages are delivered raw, and the source takes that for its password")
	} else {
		f.ok("raw", "messages are delivered with their signature")
	}
	if policy := sub.attributes["FilterPolicy"]; policy != "" && policy != "{}" {
		f.warn("filter", "the subscription has a filter policy", "What does not match is not delivered. The Chime SDK documents no message attributes to filter by.",
			sub.set(s, "FilterPolicy", "{}"))
	}
	judgeRetries(f, s, sub)
}

// judgeRetries looks at for how long a message is tried, and what becomes of it then.
func judgeRetries(f *findings, s Scope, sub *subscriber) {
	text := sub.attributes["EffectiveDeliveryPolicy"]
	if text == "" {
		text = sub.attributes["DeliveryPolicy"]
	}
	policy, err := readRetryPolicy(text)
	total, mend := policy.total(), sub.set(s, "DeliveryPolicy", sns.DeliveryPolicy())
	switch {
	case err != nil:
		f.warn("retries", "the delivery policy cannot be read", "", mend)
	case total < goodRetry:
		f.warn("retries", "a message that is not taken is tried for about "+span(total),
			"An outage that is longer loses this path. SNS allows up to "+span(longestRetry)+".", mend)
	default:
		f.ok("retries", "a message that is not taken is tried for about "+span(total))
	}
	if target := deadLetterARN(sub.attributes); target != "" {
		c := newCall(principalTopics, "sqs:SendMessage", target, accountOf(sub.topic), sub.topic)
		judgeDead(f, s, sub.dead, c, "what the subscription cannot deliver", "--topic", nameOf(sub.topic))
		return
	}
	f.warn("undelivered", "what cannot be delivered is dropped", "A queue for it needs a policy that lets in the topic; `carillon aws template` makes both.",
		sub.set(s, "RedrivePolicy", `{"deadLetterTargetArn":"`+s.arn("sqs", nameOf(sub.topic)+"-dead")+`"}`))
}

func (t *topicFacts) set(s Scope, name, value string) string {
	return command("aws", "sns", "set-topic-attributes", "--region", s.Region, "--topic-arn", t.arn, "--attribute-name", name, "--attribute-value", value)
}

func (sub *subscriber) set(s Scope, name, value string) string {
	return command("aws", "sns", "set-subscription-attributes", "--region", s.Region, "--subscription-arn", sub.arn,
		"--attribute-name", name, "--attribute-value", value)
}

// subscribe returns the command that subscribes an endpoint, or asks it again to confirm.
func subscribe(s Scope, topic, protocol, endpoint string) string {
	attributes, err := Compact(map[string]string{"DeliveryPolicy": sns.DeliveryPolicy()})
	if err != nil {
		return ""
	}
	return command("aws", "sns", "subscribe", "--region", s.Region, "--topic-arn", topic, "--protocol", protocol,
		"--notification-endpoint", endpoint, "--attributes", attributes)
}
