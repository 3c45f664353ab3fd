package config

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/env/v2"
)

const (
	prefix = "CARILLON_"
	// reserved begins the names that belong to tests of the router.
	reserved = prefix + "TEST_"
	// TokenVariable holds the token of whoever asks a router. It sets nothing: that is for CARILLON_ADMIN__TOKEN.
	TokenVariable = prefix + "ADMIN_TOKEN"
	// down separates the levels of a key path.
	down = "__"
)

var serviceLink = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT$|_PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?$`)

// overrides returns koanf's provider of the variables that begin with CARILLON_, and records in r where each path comes
// from. Call it after the file was parsed: what a variable sets hides what the file said.
func overrides(vars map[string]string, r *report) *env.Env {
	values := make(map[string]any, len(vars))
	claimed := map[string]string{}
	for _, name := range ours(vars) {
		keys := levels(name)
		if other := conflict(keys, claimed); other != "" {
			r.addAt(dotted(keys), position{}, name, "sets what "+other+" sets too; keep one of them")
			continue
		}
		claimed[dotted(keys)] = name
		if value, ok := r.override(name, keys, vars[name]); ok {
			values[name] = value
		}
	}
	pairs := make([]string, 0, len(values))
	for name := range values {
		pairs = append(pairs, name+"=")
	}
	return env.Provider(down, env.Opt{
		Prefix:        prefix,
		EnvironFunc:   func() []string { return pairs },
		TransformFunc: func(name, _ string) (string, any) { return lowered(name), values[name] },
	})
}

// override reads the value of one variable and records its origin.
func (r *report) override(name string, keys []string, raw string) (any, bool) {
	if strings.Join(keys, "") == "" {
		r.addAt("", position{}, name, "names no key")
		return nil, false
	}
	path := ""
	for _, key := range keys {
		path = join(path, key)
		if _, ok := r.origins[path]; !ok {
			r.origins[path] = origin{variable: name}
		}
	}
	r.forget(path)
	r.origins[path] = origin{variable: name, raw: raw}
	return r.flow(path, name, raw)
}

// flow reads the value of a variable: YAML when it looks like a list, a mapping or quoted text, one plain scalar otherwise.
func (r *report) flow(path, name, raw string) (any, bool) {
	if raw == "" || !strings.ContainsRune(`[{"'`, rune(raw[0])) {
		return plainScalar(raw), true
	}
	root, err := oneNode([]byte(raw))
	if err != nil {
		r.add(path, `begins like a list, a mapping or quoted text in YAML and is none; put text in "quotes"`)
		return nil, false
	}
	d := document{report: r, variable: name}
	return d.value(root, path, 0), true
}

// ours returns the names that begin with CARILLON_, those of shorter paths first.
func ours(vars map[string]string) []string {
	var names []string
	for name := range vars {
		if strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, reserved) && name != TokenVariable {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(levels(a)), len(levels(b))), cmp.Compare(a, b))
	})
	return names
}

// conflict returns the variable among claimed that sets the same path as keys, or one above it. Which of the two koanf
// would keep is left to chance.
func conflict(keys []string, claimed map[string]string) string {
	for n := range keys {
		if name := claimed[dotted(keys[:n+1])]; name != "" {
			return name
		}
	}
	return ""
}

func dotted(keys []string) string {
	path := ""
	for _, key := range keys {
		path = join(path, key)
	}
	return path
}

func levels(name string) []string { return strings.Split(lowered(name), down) }

func lowered(name string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }

// hint explains a variable that nobody set on purpose; empty for any other.
func hint(variable, path string) string {
	if variable == "" || strings.Contains(path, ".") || !serviceLink.MatchString(variable) {
		return ""
	}
	return "; Kubernetes sets this variable for a service named carillon: put enableServiceLinks: false into the pod's spec"
}
