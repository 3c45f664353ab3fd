package webhook

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// idempotencyHeader without a value is not sent, but lets the transport send a request again at once when the receiver closed
// an idle connection just then: a repeat carries the same Carillon-Id, so it is harmless (I7).
const idempotencyHeader = "X-Idempotency-Key"

// newTemplate returns the request that every request is a copy of.
func newTemplate(u *url.URL, headers map[string]pipeline.Secret) *http.Request {
	header := http.Header{
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

// newRequest returns the request that carries m, the form of the event with the given id.
func (s *sink) newRequest(ctx context.Context, id string, m *format.Message) *http.Request {
	req := s.template.Clone(ctx)
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.Body)), nil }
	req.ContentLength = int64(len(m.Body))
	req.Body = http.NoBody
	if len(m.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(m.Body))
	}
	req.Header["Content-Type"] = []string{m.ContentType}
	for _, a := range m.Attributes {
		req.Header.Set(a.Name, format.HeaderValue(a.Value))
	}
	for _, a := range m.CloudEvent {
		req.Header.Set("Ce-"+a.Name, format.CloudEventHeader(a.Value))
	}
	s.signer.sign(req.Header, id, s.clock(), m.Body)
	return req
}
