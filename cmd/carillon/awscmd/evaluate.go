package awscmd

import (
	"regexp"
	"slices"
	"strings"
)

// answer is what a policy says to a call.
type answer int

const (
	// answerNo: nothing allows the call, or something denies it.
	answerNo answer = iota
	// answerUnsure: it hangs on something that is not known here.
	answerUnsure
	// answerYes: it is allowed.
	answerYes
)

// and is the weaker of two answers.
func (a answer) and(b answer) answer { return min(a, b) }

func yes(ok bool) answer {
	if ok {
		return answerYes
	}
	return answerNo
}

// call is a request that a service makes of a resource.
type call struct {
	service, action, resource string
	// keys are the condition keys that come with it, in lower case. A key that is not here may or may not come.
	keys map[string]string
}

// newCall builds a call of a service on behalf of something in account, which is sourceARN.
func newCall(service, action, resource, account, sourceARN string) call {
	keys := map[string]string{"aws:sourcearn": sourceARN, "aws:securetransport": "true", "aws:principalisawsservice": "true"}
	// EventBridge does not always say whose rule it is, beyond the ARN.
	if service != principalEvents {
		keys["aws:sourceaccount"] = account
	}
	return call{service: service, action: action, resource: resource, keys: keys}
}

// evaluate answers a call as IAM does: an explicit denial wins, then any grant, else no.
func (d Document) evaluate(c call) answer {
	granted, denied := answerNo, answerNo
	for i := range d.Statement {
		st := &d.Statement[i]
		got := st.applies(c)
		if strings.EqualFold(st.Effect, "Deny") {
			denied = max(denied, got)
		} else {
			granted = max(granted, got)
		}
	}
	switch denied {
	case answerYes:
		return answerNo
	case answerUnsure:
		return granted.and(answerUnsure)
	case answerNo:
	}
	return granted
}

// applies reports whether a statement is about a call.
func (st *Statement) applies(c call) answer {
	who := st.Principal.covers(c.service)
	if st.NotPrincipal != nil {
		who = !st.NotPrincipal.covers(c.service)
	}
	what := covers(st.Action, st.NotAction, strings.ToLower(c.action), strings.ToLower)
	where := covers(st.Resource, st.NotResource, c.resource, func(s string) string { return s })
	if !who || !what || !where {
		return answerNo
	}
	return st.Condition.holds(c.keys)
}

// covers reports whether a principal includes a service. A star is everybody.
func (p *Principal) covers(service string) bool {
	if p == nil {
		return false
	}
	return slices.Contains((*p)["AWS"], "*") || slices.Contains((*p)["Service"], service) || slices.Contains((*p)["Service"], "*")
}

// covers reports whether value is matched by patterns, or not by their opposite.
func covers(patterns, not texts, value string, fold func(string) string) bool {
	matches := func(p string) bool { return like(fold(p), value) }
	if len(not) > 0 {
		return !slices.ContainsFunc(not, matches)
	}
	return slices.ContainsFunc(patterns, matches)
}

// like matches * and ? as IAM does.
func like(pattern, value string) bool {
	expr := regexp.QuoteMeta(pattern)
	expr = strings.ReplaceAll(strings.ReplaceAll(expr, `\*`, `(?s:.*)`), `\?`, `(?s:.)`)
	ok, err := regexp.MatchString(`^`+expr+`$`, value)
	return err == nil && ok
}

// arnLike matches each of the six parts of an ARN by itself, so that a star does not reach over a colon before the last part.
func arnLike(pattern, value string) bool {
	p, v := strings.SplitN(pattern, ":", 6), strings.SplitN(value, ":", 6)
	if len(p) != 6 || len(v) != 6 {
		return pattern == "*"
	}
	for i := range p {
		if !like(p[i], v[i]) {
			return false
		}
	}
	return true
}
