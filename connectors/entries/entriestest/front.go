// Package entriestest is the far side of the sinks for SQS, SNS and EventBridge in tests: a server in front of an emulator that
// can be cut, stalled, made to fail and restarted while the emulator keeps what it has.
package entriestest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"testing"

	"carillon/connectors/connectortest"
)

// Front passes requests on to an emulator. Its methods fit the drivers of connectortest.
type Front struct {
	*connectortest.Server
	connectortest.Hold

	proxy *httputil.ReverseProxy
}

// NewFront stands before endpoint until the test is over.
func NewFront(t *testing.T, endpoint string) *Front {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatalf("parsing the endpoint: %v", err)
	}
	transport := &http.Transport{DisableKeepAlives: true} // nothing is left running after a check
	f := &Front{proxy: &httputil.ReverseProxy{
		Transport: transport, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}}
	f.Server = connectortest.NewServer(t, f)
	return f
}

// ServeHTTP implements http.Handler. A request whose caller went away while it was held is not passed on.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // only then a server notices that the caller went away
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if f.Wait(r.Context()) != nil {
		panic(http.ErrAbortHandler)
	}
	f.proxy.ServeHTTP(w, r)
}
