package awscmd

import (
	"slices"
	"strings"
)

// holds answers whether all conditions hold, given the keys that come with a call.
func (c Condition) holds(keys map[string]string) answer {
	out := answerYes
	for operator, wanted := range c {
		for key, values := range wanted {
			value, known := keys[strings.ToLower(key)]
			out = out.and(satisfied(operator, values, value, known))
		}
	}
	return out
}

// keysBeyond returns the condition keys of statements for a service that are not known here, for a message.
func (d Document) keysBeyond(c call) []string {
	var out []string
	for i := range d.Statement {
		st := &d.Statement[i]
		if !st.Principal.covers(c.service) {
			continue
		}
		for _, wanted := range st.Condition {
			for key := range wanted {
				if _, known := c.keys[strings.ToLower(key)]; !known && !slices.Contains(out, key) {
					out = append(out, key)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// satisfied answers one condition. A key that may be missing, and an operator that is not known here, leave it open.
func satisfied(operator string, values texts, value string, known bool) answer {
	_, plain, found := strings.Cut(operator, ":")
	if !found {
		plain = operator
	}
	base, _ := strings.CutSuffix(plain, "IfExists")
	match, negated, ok := comparison(base)
	if !ok || !known {
		return answerUnsure
	}
	hit := slices.ContainsFunc(values, func(pattern string) bool { return match(pattern, value) })
	return yes(hit != negated)
}

// comparison returns what an operator compares with, and whether it is negated.
func comparison(operator string) (match func(pattern, value string) bool, negated, ok bool) {
	equal := func(pattern, value string) bool { return pattern == value }
	switch operator {
	case "StringEquals":
		return equal, false, true
	case "StringNotEquals":
		return equal, true, true
	case "StringEqualsIgnoreCase", "Bool":
		return strings.EqualFold, false, true
	case "StringNotEqualsIgnoreCase":
		return strings.EqualFold, true, true
	case "StringLike":
		return like, false, true
	case "StringNotLike":
		return like, true, true
	case "ArnLike", "ArnEquals":
		return arnLike, false, true
	case "ArnNotLike", "ArnNotEquals":
		return arnLike, true, true
	case "Null":
		// The key is there: "true" asks for its absence.
		return func(pattern, _ string) bool { return strings.EqualFold(pattern, "false") }, false, true
	}
	return nil, false, false
}
