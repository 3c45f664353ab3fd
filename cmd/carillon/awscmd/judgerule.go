package awscmd

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	leastTargetAge      = time.Hour
	leastTargetAttempts = 10
)

// judgeBus says everything about who posts to an eventbridge source. s is where the rules were looked for.
func judgeBus(f *findings, s Scope, t *busTarget, rules []ruleFacts) {
	if err := s.checkRegion(); err != nil {
		f.wrong("region", s.Region+" is no control region of the Chime SDK", "No event of the Chime SDK appears on its bus. Use --region with one of: "+
			strings.Join(controlRegions(), ", ")+".", "")
	} else {
		f.ok("region", s.Region+" is a control region of the Chime SDK; each further one that makes meetings needs a rule of its own")
	}
	here := func(target *targetFacts) bool {
		return target.destination != nil && postsTo(target.destination.url, t.path)
	}
	found := false
	for i := range rules {
		if slices.ContainsFunc(rules[i].targets, func(target targetFacts) bool { return here(&target) }) {
			found = true
			judgeRule(f, s, &rules[i], here)
			judgeDestinations(f, s, t, &rules[i], here)
		}
	}
	if found {
		return
	}
	if blind := unreadDestinations(rules); len(blind) > 0 {
		judgeUnread(f, blind)
		return
	}
	what := fmt.Sprintf("no rule in %s sends events of the Chime SDK to an API destination at %s", s.Region, t.path)
	if len(rules) > 0 {
		what += "; rules for the Chime SDK are " + names(rules)
	}
	f.wrong("rule", what, "Nothing arrives over this path. The template makes rule, connection and destination; put the router's public name into the command.",
		"carillon aws template --endpoint https://YOUR-NAME > carillon.yaml")
}

// unreadDestinations lists API destinations that could not be looked at.
func unreadDestinations(rules []ruleFacts) []unread {
	var out []unread
	for i := range rules {
		for j := range rules[i].targets {
			if target := &rules[i].targets[j]; target.err != nil && target.destination == nil {
				out = append(out, unread{what: "the API destination of rule " + rules[i].name, err: target.err})
			}
		}
	}
	return out
}

func names(rules []ruleFacts) string {
	out := make([]string, len(rules))
	for i := range rules {
		out[i] = rules[i].name
	}
	return strings.Join(out, ", ")
}

// judgeRule looks at a rule and at those of its targets that mine picks.
func judgeRule(f *findings, s Scope, r *ruleFacts, mine func(*targetFacts) bool) {
	if !strings.HasPrefix(r.state, "ENABLED") {
		f.wrong("rule", fmt.Sprintf("rule %q is disabled", r.name), "It sends nothing.",
			command("aws", "events", "enable-rule", "--region", s.Region, "--name", r.name))
	} else {
		f.ok("rule", fmt.Sprintf("rule %q is enabled on the default bus and matches the Chime SDK", r.name))
	}
	judgePattern(f, s, r)
	for i := range r.targets {
		if mine(&r.targets[i]) {
			judgeTarget(f, s, r, &r.targets[i])
		}
	}
}

func judgePattern(f *findings, s Scope, r *ruleFacts) {
	mend := command("aws", "events", "put-rule", "--region", s.Region, "--name", r.name, "--event-pattern",
		"$(carillon aws policy eventbridge --document pattern)")
	if slices.Contains(r.pattern.missing, meetingDetail) {
		f.wrong("pattern", fmt.Sprintf("rule %q does not match %q", r.name, meetingDetail), "No notification about meetings and attendees comes this way.", mend)
	} else if n := len(r.pattern.missing); n > 0 {
		f.warn("pattern", fmt.Sprintf("rule %q leaves out %d documented kinds: %s", r.name, n, strings.Join(r.pattern.missing, ", ")),
			"They do not come this way; that is right if nobody wants them.", mend)
	}
	if r.pattern.cloudTrail {
		f.warn("cloudtrail", fmt.Sprintf("rule %q also matches records of CloudTrail", r.name),
			"They are no notifications: Carillon filters and counts them, and AWS charges for them.", mend)
	}
	if len(r.pattern.narrowed) > 0 {
		f.warn("pattern", fmt.Sprintf("rule %q also looks at %s", r.name, strings.Join(r.pattern.narrowed, ", ")),
			"Events that differ there do not come this way.", mend)
	}
}

// judgeTarget looks at one target of a rule.
func judgeTarget(f *findings, s Scope, r *ruleFacts, t *targetFacts) {
	where := fmt.Sprintf("target %q of rule %q", t.id, r.name)
	if t.transformed != "" {
		f.wrong("transform", where+" changes events ("+t.transformed+")",
			"Carillon needs the whole event; what it cannot read ends in quarantine.", t.put(s, r))
	} else {
		f.ok("transform", where+" gets events unchanged")
	}
	switch {
	case t.destination != nil && t.role == "":
		f.wrong("role", where+" has no role to call the API destination with", "EventBridge may not call it.", t.put(s, r))
	case t.destination == nil && t.role != "":
		f.warn("role", where+" has a role", "EventBridge uses the policy of queues and topics; AWS warns that a role can make delivery fail.", t.put(s, r))
	}
	if t.deadLetter == "" {
		f.warn("undelivered", where+" has no dead-letter queue", "What cannot be delivered is dropped.", t.put(s, r))
	} else {
		c := newCall(principalEvents, "sqs:SendMessage", t.deadLetter, s.Account, r.arn)
		judgeDead(f, s, t.dead, c, "what "+where+" gives up", "--rule", r.name)
	}
	short := t.age != nil && time.Duration(*t.age)*time.Second < leastTargetAge || t.attempts != nil && *t.attempts < leastTargetAttempts
	if short {
		f.warn("target_retries", where+" gives up early", "EventBridge tries for up to 24 h and 185 times; an outage that is longer than the rule's patience "+
			"loses this path.", t.put(s, r))
	}
}

// put returns the command that sets the target as it should be. What a human has to fill in is in capital letters.
func (t *targetFacts) put(s Scope, r *ruleFacts) string {
	type retry struct {
		Attempts int `json:"MaximumRetryAttempts"`
		Age      int `json:"MaximumEventAgeInSeconds"`
	}
	want := struct {
		ID    string            `json:"Id"`
		ARN   string            `json:"Arn"`
		Role  string            `json:"RoleArn,omitempty"`
		Dead  map[string]string `json:"DeadLetterConfig"`
		Retry retry             `json:"RetryPolicy"`
	}{ID: t.id, ARN: t.arn, Dead: map[string]string{"Arn": t.deadLetter}, Retry: retry{targetAttempts, targetMaxAge}}
	if t.deadLetter == "" {
		want.Dead["Arn"] = s.arn("sqs", "YOUR-DEAD-LETTER-QUEUE")
	}
	if t.destination != nil {
		want.Role = t.role
		if t.role == "" {
			want.Role = "arn:" + s.Partition + ":iam::" + s.Account + ":role/YOUR-ROLE"
		}
	}
	raw, err := Compact([]any{want})
	if err != nil {
		return ""
	}
	return command("aws", "events", "put-targets", "--region", s.Region, "--rule", r.name, "--targets", raw)
}

// judgeDestinations looks at the API destinations of a rule that post to the source.
func judgeDestinations(f *findings, s Scope, t *busTarget, r *ruleFacts, here func(*targetFacts) bool) {
	for i := range r.targets {
		if !here(&r.targets[i]) {
			continue
		}
		d := r.targets[i].destination
		if r.targets[i].err != nil {
			judgeUnread(f, []unread{{what: "the connection of destination " + d.name, err: r.targets[i].err}})
		}
		judgeDestination(f, s, t, d)
	}
}

func judgeDestination(f *findings, s Scope, t *busTarget, d *destinationFacts) {
	show := command("aws", "events", "describe-connection", "--region", s.Region, "--name", d.name)
	switch {
	case d.state != "ACTIVE":
		f.wrong("destination", fmt.Sprintf("API destination %q is %s", d.name, strings.ToLower(d.state)), "EventBridge does not call it.", show)
	case d.method != "POST":
		f.wrong("destination", fmt.Sprintf("API destination %q calls with %s", d.name, d.method), "The source takes POST.",
			command("aws", "events", "update-api-destination", "--region", s.Region, "--name", d.name, "--http-method", "POST"))
	default:
		f.ok("destination", fmt.Sprintf("API destination %q posts to %s", d.name, withoutUser(d.url)))
	}
	switch {
	case d.connection == "":
	case d.connection != "AUTHORIZED" && d.connection != "ACTIVE":
		f.wrong("connection", fmt.Sprintf("the connection of API destination %q is %s", d.name, strings.ToLower(d.connection)),
			"EventBridge does not call it.", show)
	case t.auth != "" && d.auth != t.auth:
		f.wrong("connection", fmt.Sprintf("the connection of API destination %q authorizes with %s, the source wants %s", d.name, d.auth, t.auth),
			"Every request is refused with 401.", show)
	case t.header != "" && !strings.EqualFold(d.header, t.header):
		f.wrong("connection", fmt.Sprintf("the connection of API destination %q sends its key in %s, the source looks in %s", d.name, d.header, t.header),
			"Every request is refused with 401.", show)
	default:
		f.ok("connection", fmt.Sprintf("the connection of API destination %q authorizes as the source wants; the key itself cannot be compared", d.name))
	}
}
