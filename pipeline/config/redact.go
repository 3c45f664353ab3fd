package config

import (
	"regexp"
	"strconv"
	"strings"
)

const (
	redacted = "<redacted>"
	// shortest is how many characters in a row give a value away.
	shortest = 4
	withheld = "is not accepted; the reason is not shown because it repeats a part of a secret or of a reference's value"
)

var (
	schemeForm     = regexp.MustCompile(`^[a-z]+://`)
	schemeWord     = regexp.MustCompile(`\b(https?|tls|nats|rediss?|postgres(ql)?)\b(://)?`)
	userinfo       = regexp.MustCompile(`://[^\s/@"]*@`)
	userReferences = regexp.MustCompile(`^://(\$\{env:[A-Za-z0-9_]+\}|:)*@$`)
)

// withhold returns message without any of the hidden values. A whole value is replaced; a message that still shares four
// characters in a row with one is not shown at all.
func withhold(message string, hidden []string) string {
	for _, value := range hidden {
		quoted := strconv.Quote(value)
		for _, form := range []string{value, quoted[1 : len(quoted)-1]} {
			message = blot(message, form)
		}
	}
	message = withoutUser(message)
	for _, value := range hidden {
		if overlaps(message, schemeForm.ReplaceAllString(value, "")) {
			return withheld
		}
	}
	return message
}

// withoutUser takes the user and password out of every URL in text, unless they are references.
func withoutUser(text string) string {
	return userinfo.ReplaceAllStringFunc(text, func(found string) string {
		if userReferences.MatchString(found) {
			return found
		}
		return "://" + redacted + "@"
	})
}

// blot replaces value in message. A short one is replaced only where it stands alone, or "2" would spoil "1 to 256".
func blot(message, value string) string {
	if strings.TrimSpace(value) == "" {
		return message
	}
	var out strings.Builder
	for {
		i := strings.Index(message, value)
		if i < 0 {
			return out.String() + message
		}
		end := i + len(value)
		if len(value) < shortest && (endsInWord(message[:i]) || beginsWithWord(message[end:])) {
			out.WriteString(message[:end])
		} else {
			out.WriteString(message[:i] + redacted)
		}
		message = message[end:]
	}
}

func endsInWord(s string) bool { return s != "" && isWord(s[len(s)-1]) }

func beginsWithWord(s string) bool { return s != "" && isWord(s[0]) }

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// overlaps reports whether message holds any shortest characters of value in a row, outside of what was replaced. The names of
// protocols give nothing away, and are what is said of a URL that begins with another.
func overlaps(message, value string) bool {
	message = schemeWord.ReplaceAllString(message, redacted)
	for piece := range strings.SplitSeq(message, redacted) {
		for i := 0; i+shortest <= len(piece); i++ {
			if strings.Contains(value, piece[i:i+shortest]) {
				return true
			}
		}
	}
	return false
}

// hideSecrets copies v, which stands at path, without what stands at the paths of secrets and without passwords in URLs. What is nothing but a reference
// says where the secret is, not what it is, and stays.
func hideSecrets(path string, v any, secrets map[string]bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = hideSecrets(join(path, key), value, secrets)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = hideSecrets(item(path, i), value, secrets)
		}
		return out
	case string:
		if secrets[path] && loneReference.MatchString(v) {
			return v
		}
		if !secrets[path] {
			return withoutUser(v)
		}
	}
	if secrets[path] {
		return redacted
	}
	return v
}
