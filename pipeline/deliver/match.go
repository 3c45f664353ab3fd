package deliver

import (
	"path"
	"strings"
)

// matcher reports whether a sink wants a kind.
type matcher func(kind string) bool

// newMatcher returns the matcher of patterns that Validate accepted; without patterns everything matches. It remembers nothing:
// kinds come from outside and must not fill memory.
func newMatcher(patterns []string) matcher {
	if len(patterns) == 0 {
		return func(string) bool { return true }
	}
	whole := make([]string, len(patterns))
	for i, p := range patterns {
		whole[i] = oneSegment(p)
	}
	return func(kind string) bool {
		kind = oneSegment(kind)
		for _, p := range whole {
			if ok, err := path.Match(p, kind); err == nil && ok {
				return true
			}
		}
		return false
	}
}

// oneSegment hides the slashes of s from path.Match, whose * stops at them. Kinds are printable, so the stand-in is no part
// of any.
func oneSegment(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
