package sqs

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// WholeBodies returns a transport that hands each request on with its body in memory, where net/http writes it together with the
// head, in one packet.
//
// It is more than haste. The SDK closes the body of a request as soon as the head of the answer is there. When net/http is still
// looking for the end of the body then, the SDK's wrapper answers with an error, and net/http cuts the connection with the
// answer in it: what a poll received is lost until its visibility timeout, and a delete is made twice. On a busy machine that
// is one call in a few hundred.
func WholeBodies(next http.RoundTripper) http.RoundTripper { return wholeBodies{next} }

type wholeBodies struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t wholeBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return t.next.RoundTrip(r)
	}
	var body bytes.Buffer
	body.Grow(int(max(0, r.ContentLength)) + bytes.MinRead)
	_, err := body.ReadFrom(r.Body)
	_ = r.Body.Close() // It was read, or its error is the one to tell.
	if err != nil {
		return nil, fmt.Errorf("reading the body of a request: %w", err)
	}
	whole := r.WithContext(r.Context()) // a transport does not change what it is given
	whole.Body = io.NopCloser(&body)
	return t.next.RoundTrip(whole)
}
