package awscmd

import (
	"fmt"
	"slices"
	"strings"
)

// receiver is a queue or a topic that the Chime SDK, rules and topics may write to.
type receiver struct {
	kind Resource
	// url is that of a queue; topics have none.
	url, arn string
	policy   string
	rules    []ruleFacts
	topics   []string
	// fedByRule is set when a rule has to write, and the Chime SDK itself need not.
	fedByRule bool
}

// action is what writing is called.
func (r *receiver) action() string {
	if r.kind == ResourceTopic {
		return "sns:Publish"
	}
	return "sqs:SendMessage"
}

// scopeOf returns the scope of something with an ARN.
func scopeOf(arn string, o Options) Scope {
	return Scope{
		Partition: part(arn, 1), Region: regionOf(arn), Account: accountOf(arn), Namespace: o.Namespace, Pipelines: o.Pipelines,
	}
}

// judgeWriters evaluates the policy of a receiver for everybody who should write to it, and for somebody who should not.
func judgeWriters(f *findings, s Scope, r *receiver) {
	doc, err := parseDocument(orEmpty(r.policy))
	if err != nil {
		f.wrong("policy", fmt.Sprintf("the policy of the %s cannot be read", r.kind), "", r.setPolicy(s))
		return
	}
	fed := len(r.rules)+len(r.topics) > 0
	for _, service := range r.writers(s) {
		judgeDirect(f, s, r, doc, service, fed)
	}
	for i := range r.rules {
		c := newCall(principalEvents, r.action(), r.arn, s.Account, r.rules[i].arn)
		judgeFeed(f, s, r, doc, c, fmt.Sprintf("rule %q", r.rules[i].name))
	}
	for _, topic := range r.topics {
		service := principalTopics
		if region := regionOf(topic); region != s.Region && isOptIn(region) {
			service = "sns." + region + ".amazonaws.com"
		}
		c := newCall(service, r.action(), r.arn, accountOf(topic), topic)
		judgeFeed(f, s, r, doc, c, fmt.Sprintf("topic %q", nameOf(topic)))
	}
}

// writers returns the services of the Chime SDK that should write.
func (r *receiver) writers(s Scope) []string {
	if r.fedByRule {
		return nil
	}
	return s.principals()
}

// judgeFedByRule looks for the rule that a queue needs when nothing else is to fill it.
func judgeFedByRule(f *findings, s Scope, r *receiver, blind []unread) {
	if !r.fedByRule || len(r.rules) > 0 || len(blind) > 0 {
		return
	}
	name := nameOf(r.arn)
	fed := *r
	fed.rules = []ruleFacts{{name: name}}
	targets, err := Compact([]any{map[string]string{"Id": "queue", "Arn": r.arn}})
	if err != nil {
		return
	}
	f.wrong("rule", "no rule in "+s.Region+" sends events of the Chime SDK to the queue", "Nothing arrives over this path (via).", strings.Join([]string{
		command("aws", "events", "put-rule", "--region", s.Region, "--name", name, "--event-pattern", "$(carillon aws policy eventbridge --document pattern)"),
		command("aws", "events", "put-targets", "--region", s.Region, "--rule", name, "--targets", targets),
		fed.setPolicy(s),
	}, "\n"))
}

// judgeDirect looks at the grant for the Chime SDK itself. Without one the receiver may still be fed otherwise.
func judgeDirect(f *findings, s Scope, r *receiver, doc Document, service string, fed bool) {
	got, missed := asked(doc, s, r, service, s.Account)
	most, least := got[1], got[0]
	denied := fmt.Sprintf("%s may not write to the %s", service, r.kind)
	switch {
	case most == answerNo && fed:
		f.warn("policy", denied, "Only the rules and topics below fill it. Meetings whose NotificationsConfiguration names it lose that path, "+
			"without an error to anybody.", r.setPolicy(s))
		return
	case most == answerNo:
		f.wrong("policy", denied, "Nothing else was found that fills it. Notifications are lost without an error to anybody. The command "+
			"replaces the whole policy.", r.setPolicy(s))
		return
	case least == answerNo:
		f.warn("policy", fmt.Sprintf("%s may write only when aws:SourceArn has another form than %s", service, strings.Join(missed, " and ")),
			"AWS's documents have shown the ARN with an empty region and with one; the Chime SDK may send either. A policy that "+
				"allows both, or checks aws:SourceAccount alone, is safe.", r.setPolicy(s))
	case least == answerUnsure:
		f.warn("policy", fmt.Sprintf("%s may write only under conditions that cannot be judged here: %s", service,
			strings.Join(doc.keysBeyond(newCall(service, r.action(), r.arn, s.Account, "")), ", ")),
			"Send one notification and see whether it arrives.", r.setPolicy(s))
	default:
		f.ok("policy", fmt.Sprintf("%s may write to the %s", service, r.kind))
	}
	if open, _ := asked(doc, s, r, service, stranger(s.Account)); open[1] == answerYes {
		f.warn("deputy", service+" may write for any AWS account",
			"Somebody else's meetings can name this "+string(r.kind)+" and fill it. Bind the grant to the account.", r.setPolicy(s))
	}
}

// asked evaluates the calls of the Chime SDK for meetings of an account, with each form that aws:SourceArn may have. It returns
// the weakest and the strongest answer, and the forms that are not let in.
func asked(doc Document, s Scope, r *receiver, service, account string) (got [2]answer, missed []string) {
	got = [2]answer{answerYes, answerNo}
	for _, region := range []string{chimeRegion, s.Region, ""} {
		source := "arn:" + s.Partition + ":chime:" + region + ":" + account + ":"
		one := doc.evaluate(newCall(service, r.action(), r.arn, account, source+"meeting/00000000-0000-4000-8000-000000000000"))
		got = [2]answer{min(got[0], one), max(got[1], one)}
		if one == answerNo && !slices.Contains(missed, source+"*") {
			missed = append(missed, source+"*")
		}
	}
	return got, missed
}

// judgeFeed looks at the grant for a rule or a topic that has the receiver as its target.
func judgeFeed(f *findings, s Scope, r *receiver, doc Document, c call, who string) {
	switch doc.evaluate(c) {
	case answerYes:
		f.ok("policy", fmt.Sprintf("%s may write to the %s", who, r.kind))
	case answerUnsure:
		f.warn("policy", fmt.Sprintf("%s may write only under conditions that cannot be judged here: %s", who,
			strings.Join(doc.keysBeyond(c), ", ")),
			"EventBridge is not known to send aws:SourceAccount; aws:SourceArn alone names the account as well.", r.setPolicy(s))
	case answerNo:
		f.wrong("policy", fmt.Sprintf("%s may not write to the %s", who, r.kind),
			"It has the "+string(r.kind)+" as its target, and everything it sends there is lost. The command replaces the whole policy.",
			r.setPolicy(s))
	}
}

// setPolicy returns the command that gives the receiver a policy for everybody who should write.
func (r *receiver) setPolicy(s Scope) string {
	words := []string{"carillon", "aws", "policy", "sqs", "--queue", nameOf(r.arn)}
	if r.kind == ResourceTopic {
		words = []string{"carillon", "aws", "policy", "sns", "--topic", nameOf(r.arn)}
	}
	words = append(words, "--account", s.Account, "--region", s.Region, "--namespace", string(s.Namespace))
	for i := range r.rules {
		words = append(words, "--rule", r.rules[i].name)
	}
	for _, topic := range r.topics {
		words = append(words, "--topic", topic)
	}
	if r.fedByRule && len(r.rules) > 0 {
		words = append(words, "--direct=false")
	}
	if r.kind == ResourceTopic {
		return command("aws", "sns", "set-topic-attributes", "--region", s.Region, "--topic-arn", r.arn, "--attribute-name", "Policy",
			"--attribute-value", "$("+command(words...)+")")
	}
	return command("aws", "sqs", "set-queue-attributes", "--region", s.Region, "--queue-url", r.url, "--attributes",
		"$("+command(append(words, "--attributes")...)+")")
}

func orEmpty(policy string) string {
	if policy == "" {
		return "{}"
	}
	return policy
}

// stranger returns an account that is not the given one.
func stranger(account string) string {
	if account == "999999999999" {
		return "000000000000"
	}
	return "999999999999"
}
