package nats

import (
	"errors"
	"fmt"
	"strings"

	"carillon/pipeline"
)

// subject is a template, cut at its placeholders: texts and names in turn, beginning and ending with a text.
type subject []string

// parseSubject reads a template.
func parseSubject(template string) (subject, error) {
	var out subject
	rest := template
	for {
		text, after, found := strings.Cut(rest, "{")
		out = append(out, text)
		if !found {
			break
		}
		name, next, closed := strings.Cut(after, "}")
		if !closed {
			return nil, errors.New("a { without its }")
		}
		switch name {
		case "key", "kind", "source", "id":
		default:
			return nil, fmt.Errorf("{%s} is none of {key}, {kind}, {source} and {id}", name)
		}
		out = append(out, name)
		rest = next
	}
	for token := range strings.SplitSeq(template, ".") {
		if token == "" {
			return nil, errors.New("an empty token: a subject neither begins nor ends with a dot, and has no two together")
		}
	}
	if strings.ContainsAny(template, " \t\r\n*>") {
		return nil, errors.New("has white space or a wildcard")
	}
	return out, nil
}

// of returns the subject of e.
func (s subject) of(e *pipeline.Event) string {
	var b strings.Builder
	for i, part := range s {
		if i%2 == 0 {
			b.WriteString(part)
			continue
		}
		switch part {
		case "key":
			b.WriteString(token(e.Key))
		case "kind":
			b.WriteString(token(e.Kind))
		case "source":
			b.WriteString(token(e.Source))
		case "id":
			b.WriteString(e.ID.String())
		}
	}
	return b.String()
}

// token returns text with _ for every byte that a token of a subject may not have.
func token(text string) string {
	if text == "" {
		return "_"
	}
	if strings.IndexFunc(text, unfit) < 0 {
		return text
	}
	b := []byte(text)
	for i, c := range b {
		if unfit(rune(c)) {
			b[i] = '_'
		}
	}
	return string(b)
}

// unfit reports whether c may not be in a token; of a byte beyond ASCII it may be the rune or one of its bytes.
func unfit(c rune) bool { return c <= ' ' || c > '~' || c == '.' || c == '*' || c == '>' }
