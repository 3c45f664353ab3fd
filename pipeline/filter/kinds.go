package filter

import (
	"path"
	"strings"
)

// ValidPattern reports whether p is a pattern of kinds: not empty, * for any run of characters, ? for one, [a-z] for one of
// several.
func ValidPattern(p string) bool {
	_, err := path.Match(p, "")
	return err == nil && p != ""
}

// patterns is a list of patterns with their slashes hidden. It remembers nothing of what it matched: kinds come from outside and
// must not fill memory.
type patterns []string

func newPatterns(list []string) patterns {
	out := make(patterns, len(list))
	for i, p := range list {
		out[i] = oneSegment(p)
	}
	return out
}

// match reports whether kind matches any of the patterns.
func (ps patterns) match(kind string) bool {
	if len(ps) == 0 {
		return false
	}
	kind = oneSegment(kind)
	for _, p := range ps {
		if ok, err := path.Match(p, kind); err == nil && ok {
			return true
		}
	}
	return false
}

// oneSegment hides the slashes of s from path.Match, whose * stops at them. Kinds are printable, so the stand-in is no part
// of any.
func oneSegment(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// MatchKind reports whether kind matches pattern.
func MatchKind(pattern, kind string) bool { return newPatterns([]string{pattern}).match(kind) }
