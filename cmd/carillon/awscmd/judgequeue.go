package awscmd

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	leastVisibility = 30 * time.Second
	mostVisibility  = time.Hour
	leastRetention  = time.Hour
	// A weekend without anybody at work should not lose anything.
	goodRetention    = 24 * time.Hour
	deadRetention    = 14 * 24 * time.Hour
	leastReceives    = 3
	leastMessageSize = 256 << 10
)

// judgeQueue says everything about a queue that was read.
func judgeQueue(f *findings, o Options, t *queueTarget, q *queueFacts) {
	s := scopeOf(q.arn, o)
	f.ok("exists", "queue "+q.arn+" exists")
	judgeUnread(f, q.unread)
	judgeRegion(f, s, ResourceQueue, q.arn, len(q.topics) > 0)
	if strings.HasSuffix(q.arn, ".fifo") {
		f.warn("fifo", "the queue is a FIFO queue", "The Chime SDK does not deliver to FIFO queues; only a rule with a message group can fill it.", "")
	}
	to := &receiver{
		kind: ResourceQueue, url: q.url, arn: q.arn, policy: q.attributes["Policy"], rules: q.rules, topics: q.topics, fedByRule: t.fedByRule,
	}
	judgeWriters(f, s, to)
	judgeFedByRule(f, s, to, q.unread)
	judgeKey(f, s, to, q.attributes["KmsMasterKeyId"], q.key, q.set(s, map[string]string{"KmsMasterKeyId": "", "SqsManagedSseEnabled": "true"}))
	judgeRedrive(f, s, q)
	judgeRetention(f, s, o, q)
	judgeVisibility(f, s, t, q)
	judgeDelivery(f, s, q)
	for i := range q.rules {
		judgeRule(f, s, &q.rules[i], func(t *targetFacts) bool { return t.arn == q.arn })
	}
}

// judgeUnread reports what could not be looked at.
func judgeUnread(f *findings, list []unread) {
	for _, u := range list {
		f.warn("access", u.what+" cannot be read: "+describe(u.err), "What feeds this source is not known, so part of it was not checked.",
			"carillon aws policy consumer --help")
	}
}

// judgeRegion looks at whether anything of the Chime SDK can happen where a queue or a topic is. SNS delivers across regions.
func judgeRegion(f *findings, s Scope, kind Resource, arn string, fedByTopic bool) {
	err := s.checkRegion()
	switch {
	case err == nil && s.Namespace.old() && s.Region != chimeRegion:
		f.wrong("region", fmt.Sprintf("the %s is in %s, and the older namespace Chime writes only to %s", kind, s.Region, chimeRegion),
			"Move it, or create meetings with ChimeSDKMeetings.", "carillon aws template --namespace "+string(s.Namespace))
	case err == nil:
		f.ok("region", s.Region+" is a control region of the Chime SDK")
	case fedByTopic:
		f.warn("region", s.Region+" is no control region of the Chime SDK", "Only the topics that deliver across regions fill "+arn+".", "")
	default:
		f.wrong("region", s.Region+" is no control region of the Chime SDK",
			"Notifications go to the region whose endpoint makes the meeting: "+strings.Join(controlRegions(), ", ")+".", "carillon aws template --help")
	}
}

func judgeRedrive(f *findings, s Scope, q *queueFacts) {
	target := deadLetterARN(q.attributes)
	if target == "" {
		f.warn("redrive", "the queue has no dead-letter queue",
			"A message that can never be handed over comes back until its retention ends, and is then gone.",
			command("aws", "sqs", "create-queue", "--region", s.Region, "--queue-name", nameOf(q.arn)+"-dead", "--attributes",
				"MessageRetentionPeriod="+seconds(deadRetention))+"\n"+q.set(s, redrive(s.arn("sqs", nameOf(q.arn)+"-dead"))))
		return
	}
	switch n := q.maxReceives(); {
	case n < leastReceives:
		f.wrong("redrive", "a message moves to the dead-letter queue after "+count(n, "receive"),
			"A receive can be lost on the wire and still count, and so does each restart: good notifications end there.", q.set(s, redrive(target)))
	default:
		f.ok("redrive", "a message moves to the dead-letter queue after "+count(n, "receive"))
	}
	judgeDeadLetters(f, s, q, target)
}

func judgeDeadLetters(f *findings, s Scope, q *queueFacts, target string) {
	if q.deadErr != nil {
		if classify(q.deadErr) == failureMissing {
			f.wrong("dead_letters", "the dead-letter queue "+target+" does not exist", "What should move there comes back until it is gone.",
				command("aws", "sqs", "create-queue", "--region", s.Region, "--queue-name", nameOf(target), "--attributes",
					"MessageRetentionPeriod="+seconds(deadRetention)))
			return
		}
		f.warn("dead_letters", "the dead-letter queue "+target+" cannot be read: "+describe(q.deadErr), "It was not checked.",
			"carillon aws policy consumer --help")
		return
	}
	own, dead := q.duration("MessageRetentionPeriod"), q.dead.duration("MessageRetentionPeriod")
	mend := q.dead.set(s, map[string]string{"MessageRetentionPeriod": seconds(deadRetention)})
	why := "A message keeps its age when it moves, so it is gone soon after."
	switch {
	case dead < own:
		f.wrong("dead_letters", fmt.Sprintf("the dead-letter queue keeps messages for %s, the queue for %s", span(dead), span(own)), why, mend)
	case dead == own && dead < deadRetention:
		f.warn("dead_letters", fmt.Sprintf("the dead-letter queue keeps messages for %s, no longer than the queue", span(dead)), why, mend)
	default:
		f.ok("dead_letters", "the dead-letter queue keeps messages for "+span(dead))
	}
}

// judgeRetention compares how long the queue keeps a message with how long Carillon can be away, and with how long it
// recognises a copy.
func judgeRetention(f *findings, s Scope, o Options, q *queueFacts) {
	kept := q.duration("MessageRetentionPeriod")
	longer := q.set(s, map[string]string{"MessageRetentionPeriod": seconds(max(goodRetention, o.Retention))})
	switch {
	case kept < leastRetention:
		f.wrong("retention", "the queue keeps messages for "+span(kept), "An outage of that length loses notifications.", longer)
	case kept < goodRetention:
		f.warn("retention", "the queue keeps messages for "+span(kept), "An outage of that length loses notifications.", longer)
	default:
		f.ok("retention", "the queue keeps messages for "+span(kept))
	}
	if o.Retention > 0 && kept > o.Retention {
		f.warn("memory", fmt.Sprintf("the queue keeps messages for %s, and Carillon recognises copies for %s (stream.retention)", span(kept), span(o.Retention)),
			"A message that comes later than that is taken for a new event and delivered again. Set stream.retention to "+strconv.Itoa(int(kept/time.Hour))+"h"+
				" in the configuration, or shorten the queue's memory.", q.set(s, map[string]string{"MessageRetentionPeriod": seconds(o.Retention)}))
	}
}

func judgeVisibility(f *findings, s Scope, t *queueTarget, q *queueFacts) {
	hidden, where, mend := q.duration("VisibilityTimeout"), "the queue hides a message", q.set(s, map[string]string{"VisibilityTimeout": "60"})
	if t.visibility > 0 {
		hidden, where, mend = t.visibility, "the source hides a message (visibility)", ""
	}
	what := fmt.Sprintf("%s for %s while it is in hand", where, span(hidden))
	switch {
	case hidden == 0:
		f.wrong("visibility", what, "Every poll gets it again at once, and its receive count runs into the dead-letter queue.", mend)
	case hidden < leastVisibility:
		f.warn("visibility", what, "Carillon extends it at half of that time; a short pause of the process or the network makes copies.", mend)
	case hidden > mostVisibility:
		f.warn("visibility", what, "After a crash nobody sees it for as long; its meeting waits or goes on without it.", mend)
	default:
		f.ok("visibility", what)
	}
}

// judgeDelivery looks at settings that delay messages or refuse large ones.
func judgeDelivery(f *findings, s Scope, q *queueFacts) {
	if d := q.duration("DelaySeconds"); d > 0 {
		f.warn("delay", "the queue delays every message by "+span(d), "Copies over other paths come earlier, and what comes only here is late.",
			q.set(s, map[string]string{"DelaySeconds": "0"}))
	}
	if n, err := strconv.Atoi(q.attributes["MaximumMessageSize"]); err == nil && n < leastMessageSize {
		f.warn("size", fmt.Sprintf("the queue refuses messages of more than %d bytes", n), "An event may have 262144 bytes; larger ones are lost.",
			q.set(s, map[string]string{"MaximumMessageSize": strconv.Itoa(leastMessageSize)}))
	}
}

// duration reads an attribute in seconds; what is missing is 0.
func (q *queueFacts) duration(attribute string) time.Duration {
	n, _ := strconv.Atoi(q.attributes[attribute])
	return time.Duration(n) * time.Second
}

// maxReceives reads the redrive policy, where the number may be a text.
func (q *queueFacts) maxReceives() int {
	var policy struct {
		Max json.RawMessage `json:"maxReceiveCount"`
	}
	_ = json.Unmarshal([]byte(q.attributes["RedrivePolicy"]), &policy)
	n, _ := strconv.Atoi(strings.Trim(string(policy.Max), `"`))
	return n
}

// set returns the command that sets attributes of the queue.
func (q *queueFacts) set(s Scope, attributes map[string]string) string {
	raw, err := Compact(attributes)
	if err != nil {
		return ""
	}
	return command("aws", "sqs", "set-queue-attributes", "--region", s.Region, "--queue-url", q.url, "--attributes", raw)
}

func redrive(target string) map[string]string {
	return map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + target + `","maxReceiveCount":"10"}`}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// span writes a duration in the largest unit that leaves no rest.
func span(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.size && d%u.size == 0 {
			return count(int(d/u.size), u.name)
		}
	}
	return count(int(d.Seconds()), "second")
}

func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}
