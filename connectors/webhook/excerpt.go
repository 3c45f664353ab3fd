package webhook

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"carillon/pipeline"
)

const (
	// maxExcerpt is how much of an answer is looked at for the excerpt.
	maxExcerpt = 512
	// minSecret is how long a text must be to be hidden, and minSegment how long a part of the path: shorter ones are words that
	// an answer needs to be understood.
	minSecret  = 4
	minSegment = 12
	redacted   = "<redacted>"
)

// secrets are the texts that an excerpt must not show, the longest first.
type secrets []string

// secretsOf returns what the configuration holds of credentials: receivers like to repeat what they were sent.
func secretsOf(u *url.URL, headers map[string]pipeline.Secret, keys ...pipeline.Secret) secrets {
	texts := []string{u.String(), u.RequestURI(), u.RawQuery}
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) >= minSegment {
			texts = append(texts, part)
		}
	}
	for _, values := range u.Query() {
		texts = append(texts, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		req := http.Request{Header: http.Header{}}
		req.SetBasicAuth(u.User.Username(), password)
		texts = append(texts, password, strings.TrimPrefix(req.Header.Get("Authorization"), "Basic "))
	}
	for _, value := range headers {
		_, credential, _ := strings.Cut(value.Reveal(), " ") // after the scheme, as in Bearer
		texts = append(texts, value.Reveal(), credential)
	}
	for _, key := range keys {
		texts = append(texts, key.Reveal(), strings.TrimPrefix(key.Reveal(), keyPrefix))
	}
	return spellings(texts)
}

// spellings returns texts as they may stand in a page, an URL or JSON.
func spellings(texts []string) secrets {
	var out secrets
	for _, text := range texts {
		quoted := strconv.Quote(text)
		for _, spelling := range []string{text, html.EscapeString(text), url.QueryEscape(text), url.PathEscape(text), quoted[1 : len(quoted)-1]} {
			if len(spelling) >= minSecret && !slices.Contains(out, spelling) {
				out = append(out, spelling)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// read returns the excerpt of a body. It reads as far as it must to see a secret that begins within the excerpt to its end.
func (s secrets) read(body io.Reader) string {
	longest := 0
	if len(s) > 0 {
		longest = len(s[0])
	}
	text, _ := io.ReadAll(io.LimitReader(body, int64(maxExcerpt+longest))) // what could be read is better than nothing
	return s.excerpt(text)
}

// excerpt returns the beginning of text on one line, without secrets and without what does not print.
func (s secrets) excerpt(text []byte) string {
	var b strings.Builder
	space := false
	for i := 0; i < min(len(text), maxExcerpt); {
		if n := s.at(text[i:]); n > 0 {
			b.WriteString(redacted)
			space = false
			i += n
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		i += n
		if unicode.IsPrint(r) && r != ' ' {
			b.WriteRune(r)
			space = false
		} else if !space {
			b.WriteByte(' ')
			space = true
		}
		if b.Len() > pipeline.MaxExcerpt-len(redacted)-utf8.UTFMax {
			break
		}
	}
	return strings.TrimSpace(b.String())
}

// at returns the length of the secret that text begins with, or 0.
func (s secrets) at(text []byte) int {
	for _, secret := range s {
		if len(text) >= len(secret) && string(text[:len(secret)]) == secret {
			return len(secret)
		}
	}
	return 0
}
