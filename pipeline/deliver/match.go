package deliver

import "path"

// matcher reports whether a sink wants a kind.
type matcher func(kind string) bool

// newMatcher returns the matcher of patterns that Validate accepted; without patterns everything matches. It remembers nothing:
// kinds come from outside and must not fill memory.
func newMatcher(patterns []string) matcher {
	if len(patterns) == 0 {
		return func(string) bool { return true }
	}
	return func(kind string) bool {
		for _, p := range patterns {
			if ok, err := path.Match(p, kind); err == nil && ok {
				return true
			}
		}
		return false
	}
}
