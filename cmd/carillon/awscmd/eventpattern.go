package awscmd

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// patternFacts is what an event pattern lets through.
type patternFacts struct {
	// chime is whether events of the source aws.chime can match.
	chime bool
	// all is whether every detail-type matches, CloudTrail records included.
	all bool
	// missing are documented detail-types that do not match.
	missing []string
	// cloudTrail is whether records of API calls match.
	cloudTrail bool
	// narrowed are other fields that the pattern looks at.
	narrowed []string
}

// readPattern reads the pattern of a rule. What it cannot read matches nothing here.
func readPattern(text string) patternFacts {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &fields) != nil {
		return patternFacts{}
	}
	source, hasSource := fields["source"]
	details, hasDetails := fields["detail-type"]
	out := patternFacts{chime: !hasSource || admits(source, chimeSource), all: !hasDetails}
	out.cloudTrail = out.all || admits(details, cloudTrailDetail)
	if hasDetails {
		for _, name := range detailTypes() {
			if !admits(details, name) {
				out.missing = append(out.missing, name)
			}
		}
	}
	delete(fields, "source")
	delete(fields, "detail-type")
	out.narrowed = slices.Sorted(maps.Keys(fields))
	return out
}

// admits reports whether a list of values and matchers lets a value through.
func admits(raw json.RawMessage, value string) bool {
	var list []any
	if json.Unmarshal(raw, &list) != nil {
		return false
	}
	return slices.ContainsFunc(list, func(one any) bool {
		if text, ok := one.(string); ok {
			return text == value
		}
		matcher, _ := one.(map[string]any)
		return slices.ContainsFunc(slices.Collect(maps.Keys(matcher)), func(kind string) bool { return matches(kind, matcher[kind], value) })
	})
}

// matches answers one matcher of the pattern language. Kinds that are not known here let nothing through.
func matches(kind string, argument any, value string) bool {
	text, _ := argument.(string)
	switch kind {
	case "prefix":
		return text != "" && strings.HasPrefix(value, text)
	case "suffix":
		return text != "" && strings.HasSuffix(value, text)
	case "equals-ignore-case":
		return strings.EqualFold(value, text)
	case "wildcard":
		return like(text, value)
	case "anything-but":
		list, many := argument.([]any)
		if many {
			return !slices.Contains(list, any(value))
		}
		return text != "" && text != value
	case "exists":
		present, _ := argument.(bool)
		return present
	}
	return false
}
