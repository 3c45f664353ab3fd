package operate

import (
	"fmt"
	"time"
)

// When reads a time as a person says it: RFC 3339, or a duration, which is so long before now. It returns RFC 3339; empty stays
// empty.
func When(flag, text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC().Format(time.RFC3339Nano), nil
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return "", fmt.Errorf("--%s: %q is neither a time such as 2026-01-05T10:00:00Z nor a duration such as 2h, which is so long ago", flag, text)
	}
	return now.Add(-ago).UTC().Format(time.RFC3339Nano), nil
}
