package webhook

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"carillon/pipeline"
)

// idempotencyHeader without a value is not sent, but lets the transport send a request again at once when the receiver closed
// an idle connection just then: a repeat carries the same Carillon-Id, so it is harmless (I7).
const idempotencyHeader = "X-Idempotency-Key"

// newTemplate returns the request that every request is a copy of.
func newTemplate(u *url.URL, headers map[string]pipeline.Secret) *http.Request {
	header := http.Header{
		"Content-Type":    {"application/json"},
		"User-Agent":      {"Carillon"},
		idempotencyHeader: nil,
	}
	for name, value := range headers {
		header.Set(name, value.Reveal())
	}
	return &http.Request{
		Method: http.MethodPost, URL: u, Host: u.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

// newRequest returns the request that carries e.
func newRequest(ctx context.Context, template *http.Request, e *pipeline.Event) *http.Request {
	req := template.Clone(ctx)
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(e.Body)), nil }
	req.ContentLength = int64(len(e.Body))
	req.Body = http.NoBody
	if len(e.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(e.Body))
	}
	describe(req.Header, e)
	return req
}

// describe sets the headers that tell about e.
func describe(h http.Header, e *pipeline.Event) {
	set := func(name, value string) { h[name] = []string{value} }
	set("Carillon-Id", e.ID.String())
	set("Carillon-Key", fieldText(e.Key))
	set("Carillon-Kind", fieldText(e.Kind))
	set("Carillon-Source", fieldText(e.Source))
	set("Carillon-Sequence", strconv.FormatUint(e.Sequence, 10))
	set("Carillon-Epoch", strconv.FormatUint(e.Epoch, 10))
	if !e.Time.IsZero() {
		set("Carillon-Time", strconv.FormatInt(e.Time.UnixMilli(), 10))
	}
	if e.IsLate {
		set("Carillon-Late", strconv.FormatInt(e.Late.Milliseconds(), 10))
	}
	if e.Gap != "" {
		set("Carillon-Gap", fieldText(e.Gap))
	}
	if e.Replay {
		set("Carillon-Replay", "true")
	}
}

// fieldText returns text in a form that any header can carry: a value with a line break would be refused for ever.
func fieldText(text string) string {
	if !strings.ContainsFunc(text, escaped) {
		return text
	}
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if !escaped(rune(c)) {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', digits[c>>4], digits[c&15]})
	}
	return b.String()
}

func escaped(r rune) bool { return r < ' ' || r > '~' || r == '%' }
